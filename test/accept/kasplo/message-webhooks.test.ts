// GET /v1/messages/:id/webhooks: which endpoints were told what happened to a message.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runTail } from "../../../src/notify/tail.ts";
import { consume } from "../../../src/queue/consume.ts";
import { startHttpReceiver, startSmtpPeer } from "../../peers/client.ts";
import type { HttpReply } from "../../peers/script.ts";
import { emptyLedger } from "../../support/ledger.ts";
import {
  appWithRelay,
  ask,
  email,
  givenDomain,
  givenKey,
  type TestApp,
} from "../../support/world.ts";
import { expectError, pageOf } from "./native.ts";

type Told = { readonly webhook_id: string; readonly reported: string; readonly failures: object[] };

let app: TestApp;
let key = "";
let stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
  const peer = await startSmtpPeer();
  stops = [peer.stop];
  app = appWithRelay(peer, { log() {} });
});
afterEach(() => Promise.all(stops.map((stop) => stop())));

async function webhook(...replies: readonly HttpReply[]): Promise<string> {
  const receiver = await startHttpReceiver({ replies });
  stops.push(receiver.stop);
  const response = await ask(app, "POST", "/v1/webhooks", { key, body: { url: receiver.url } });
  const { data }: { data: { id: string } } = await response.json();
  return data.id;
}

async function sent(): Promise<string> {
  const body = email({}, ["a@example.com", "b@example.com"]);
  const response = await ask(app, "POST", "/v1/send-email", { key, body });
  expect(response.status).toBe(200);
  await consume(app);
  await app.idle();
  return response.headers.get("x-message-id") ?? "";
}

async function told(id: string): Promise<ReadonlyMap<string, Told>> {
  const { data } = await pageOf<Told>(app, key, `/v1/messages/${id}/webhooks`);
  return new Map(data.map((one) => [one.webhook_id, one]));
}

describe("GET /v1/messages/:id/webhooks", () => {
  it("tells who was told, who waits, who refused, and who came later", async () => {
    const good = await webhook();
    const bad = await webhook({ status: 500, body: "no room" });
    const slow = await webhook();
    const first = await sent();
    await runTail(app, good);
    await runTail(app, bad);
    const late = await webhook();

    const all = await told(first);
    expect(all.get(good)).toMatchObject({ reported: "all", state: "enabled", failures: [] });
    expect(all.get(slow)).toMatchObject({ reported: "waiting", failures: [] });
    expect(all.get(late)).toMatchObject({ reported: "nothing", failures: [] });
    const failure = { event: "delivery_attempt", tries: 1, last_error: "answered 500: no room" };
    expect(all.get(bad)).toMatchObject({ reported: "failed" });
    expect(all.get(bad)?.failures).toEqual([
      expect.objectContaining(failure),
      expect.objectContaining(failure),
    ]);

    // Another message's failures are not this one's.
    const second = await sent();
    expect((await told(second)).get(bad)).toMatchObject({ reported: "waiting", failures: [] });
  });

  it("knows only messages that are there", async () => {
    for (const id of ["x", "01931111-1111-7111-8111-111111111111"]) {
      const response = await ask(app, "GET", `/v1/messages/${id}/webhooks`, { key });
      await expectError(response, { status: 404, code: "not_found" });
    }
  });
});
