// A restore of the database in hold mode (promise g, F27): what had left since the copy was made does not
// leave again, what comes afterwards does.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Peer, startPeer } from "../../peers/smtp-peer.ts";
import { testCertificates } from "../../peers/trust.ts";
import { type Ground, miniflareOptions, prepareGround } from "./ground.ts";
import { type RunningWorker, startWorker } from "./worker.ts";

let ground: Ground;
let peer: Peer;
let worker: RunningWorker | null = null;
const folder = mkdtempSync(join(tmpdir(), "edgepost-restore-"));

beforeAll(async () => {
  ground = await prepareGround();
  peer = await startPeer({}, testCertificates().certificates);
});
afterAll(async () => {
  await worker?.kill();
  await peer.stop();
  ground.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Longer than a run of the consumer and a settled window. */
const QUIET_MS = 1_500;

async function restart(state: string, hold: boolean): Promise<RunningWorker> {
  await worker?.kill();
  const variables = { RELAY_URL: `smtp://127.0.0.1:${peer.port}`, DELIVERY_HOLD: String(hold) };
  worker = await startWorker(state, miniflareOptions(ground, state, variables));
  await fetch(new URL("/cdn-cgi/local/scheduled", worker.url));
  return worker;
}

async function post(path: string, body: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${ground.apiKey}`, "content-type": "application/json" };
  const url = new URL(path, worker?.url);
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  return answer.json();
}

function send(to: string): Promise<unknown> {
  const recipients = { to: [{ email: to }] };
  const email = { from: "hello@edgepost.test", subject: "Hi", text: "Hi", recipients };
  return post("/v1/send-email", { email });
}

function left(): readonly string[] {
  return peer.log().messages.flatMap(({ to }) => to);
}

it("sends nothing twice that had left since the copy, and what comes later once", async () => {
  const state = join(folder, "state");
  cpSync(ground.state, state, { recursive: true });
  await restart(state, true);
  for (const to of ["a@example.com", "b@example.com", "c@example.com"]) await send(to);
  await sleep(QUIET_MS);
  expect(left()).toEqual([]);

  await worker?.kill();
  cpSync(state, join(folder, "copy"), { recursive: true });
  await restart(state, false);
  await expect.poll(() => left().length, { timeout: 20_000 }).toBe(3);
  await sleep(QUIET_MS);

  await worker?.kill();
  rmSync(state, { recursive: true });
  cpSync(join(folder, "copy"), state, { recursive: true });
  await restart(state, true);
  await sleep(QUIET_MS);
  const accepted_before = new Date().toISOString();
  const held = await post("/v1/deliveries/hold", { accepted_before });
  expect(held).toEqual({ data: { held: 3, more: false } });

  await restart(state, false);
  await send("later@example.com");
  await expect.poll(() => left().length, { timeout: 20_000 }).toBe(4);
  await sleep(QUIET_MS);
  expect(left().toSorted()).toEqual([
    "a@example.com",
    "b@example.com",
    "c@example.com",
    "later@example.com",
  ]);
});
