// A sender domain from its first record to its first signed mail, against a real authoritative name server
// (A-126, A-057): real records through real DNS, the Worker as it is deployed.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dkimVerify } from "mailauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { type Ground, miniflareOptions, prepareGround } from "../faults/ground.ts";
import { type RunningWorker, startWorker } from "../faults/worker.ts";
import { missing } from "../support/packages.ts";
import { type NameServer, startNameServer } from "./name-server.ts";

const ZONE = "shop.test";
const absent = await missing("nsd");

const domainSchema = z.object({
  state: z.string(),
  return_path_ready: z.boolean(),
  tracking_ready: z.boolean(),
  dkim_rotation_asked_at: z.string().nullable(),
  records: z.array(
    z.object({
      type: z.string(),
      name: z.string(),
      value: z.string(),
      status: z.string(),
      advice: z.string(),
    }),
  ),
});
type Domain = z.infer<typeof domainSchema>;

let ground: Ground;
let worker: RunningWorker;
let server: NameServer;
let state: string;

beforeAll(async () => {
  if (absent !== null) return;
  ground = await prepareGround();
  server = await startNameServer(ZONE);
  state = mkdtempSync(join(tmpdir(), "edgepost-domains-"));
  cpSync(ground.state, state, { recursive: true });
  const variables = {
    DOH_URL: server.dohUrl,
    PUBLIC_URL: "http://worker.test",
    RELAY_URL: "smtp://127.0.0.1:9",
  };
  worker = await startWorker(state, miniflareOptions(ground, state, variables));
});

afterAll(async () => {
  await worker?.kill();
  await server?.stop();
  ground?.remove();
  if (state) rmSync(state, { recursive: true, force: true });
});

async function ask(method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${ground.apiKey}`, "content-type": "application/json" };
  const init =
    body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  return fetch(`${worker.url}v1${path}`.replace(/([^:])\/\/v1/, "$1/v1"), init);
}

async function domainOf(response: Response): Promise<Domain> {
  return z.object({ data: domainSchema }).parse(await response.json()).data;
}

function statuses({ records }: Domain): readonly string[] {
  return records.map(({ type, name, status }) => `${type} ${name} ${status}`);
}

describe.skipIf(absent !== null)(`sender domains ${absent === null ? "" : `: ${absent}`}`, () => {
  it("is pending with every record listed, active when DNS shows them, and signs its mail", async () => {
    const added = await ask("POST", "/domains", { domain: ZONE, ed25519: true });
    expect(added.status).toBe(201);
    const pending = await domainOf(added);
    expect(pending.state).toBe("pending");
    expect(statuses(pending)).toEqual([
      "TXT shop.test missing",
      "TXT ep1._domainkey.shop.test missing",
      "TXT ep1e._domainkey.shop.test missing",
      "TXT ep2._domainkey.shop.test missing",
      "TXT ep2e._domainkey.shop.test missing",
      "TXT _dmarc.shop.test missing",
      "TXT bounce.shop.test missing",
      "MX bounce.shop.test missing",
      "MX bounce.shop.test missing",
      "MX bounce.shop.test missing",
      "CNAME links.shop.test missing",
    ]);
    const refused = await send();
    expect([refused.status, await refused.json()]).toMatchObject([403, { statusCode: 1004 }]);

    const [spf, ...others] = pending.records;
    if (!spf) throw new Error("no SPF record");
    await server.publish([{ ...spf, value: "v=spf1 mx -all" }, ...others]);
    const almost = await domainOf(await ask("POST", `/domains/${ZONE}/verify`));
    expect(almost.state).toBe("pending");
    const wrong = almost.records.filter(({ status }) => status !== "ok");
    expect(wrong.map(({ name, value }) => [name, value])).toEqual([
      [ZONE, "v=spf1 mx ip4:127.0.0.1 -all"],
    ]);

    await server.publish([...wrong, ...others]);
    const active = await domainOf(await ask("POST", `/domains/${ZONE}/verify`));
    expect(active).toMatchObject({
      state: "active",
      return_path_ready: true,
      tracking_ready: true,
    });
    expect(await domainOf(await ask("GET", `/domains/${ZONE}`))).toEqual(active);

    const results = await signatures();
    expect(results).toEqual(["pass ep1", "pass ep1e"]);
  });

  it("rotates: the standby key signs once DNS shows it", async () => {
    const rotated = await domainOf(await ask("POST", `/domains/${ZONE}/dkim/rotate`));
    expect(rotated.dkim_rotation_asked_at).toBeNull();
    const again = await ask("POST", `/domains/${ZONE}/dkim/rotate`);
    expect(again.status).toBe(409);
    // The isolate keeps what it knows of the keys for 25 s; another one sees the new key at once.
    await worker.kill();
    worker = await startWorker(
      state,
      miniflareOptions(ground, state, { DOH_URL: server.dohUrl, RELAY_URL: "smtp://127.0.0.1:9" }),
    );
    expect(await signatures()).toEqual(["pass ep2", "pass ep2e"]);
  });

  it("drifts, visibly, when a record goes, and mail goes on", async () => {
    await server.publish([]);
    const drifted = await domainOf(await ask("POST", `/domains/${ZONE}/verify`));
    expect(drifted.state).toBe("drifted");
    expect(drifted.records[0]?.advice).toContain("publish this TXT record at shop.test");
    expect((await send()).status).toBe(200);
  });

  it("keeps its state while DNS does not answer", async () => {
    await server.stop();
    const kept = await domainOf(await ask("POST", `/domains/${ZONE}/verify`));
    expect(kept.state).toBe("drifted");
    expect(kept.records[0]?.status).toBe("unknown");
  });
});

function send(): Promise<Response> {
  const to = [{ email: "ann@example.com" }];
  const email = { from: `hello@${ZONE}`, subject: "Hi", text: "Hi", recipients: { to } };
  return ask("POST", "/send-email", { email });
}

/** Verdicts of an independent verifier on what would leave, by selector. */
async function signatures(): Promise<readonly string[]> {
  const id = (await send()).headers.get("x-message-id") ?? "";
  const raw = await (await ask("GET", `/messages/${id}/raw`)).arrayBuffer();
  const { results } = await dkimVerify(Buffer.from(raw), {
    resolver: async (name: string) => server.txt(name),
  });
  return results.map(({ status, selector }) => `${status.result} ${selector}`);
}
