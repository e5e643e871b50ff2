// The gate of a sender domain, and the dry run, through the real doors: what is answered, and what is (not)
// stored.
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { fromUtf8, toBase64 } from "../../src/lib/bytes.ts";
import { makeKeyPair } from "../../src/lib/key-pair.ts";
import { seal } from "../../src/lib/seal.ts";
import { dkimPurpose } from "../../src/model/dkim-key.ts";
import type { DnsRecord, RecordPurpose, RecordStatus } from "../../src/model/dns-record.ts";
import type { Gate } from "../../src/model/sender-domain.ts";
import { batch } from "../../src/store/db.ts";
import { insertDkimKeys } from "../../src/store/dkim-key.ts";
import { insertSuppression } from "../../src/store/suppression.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, emptyLedger } from "../support/ledger.ts";
import {
  givenCredential,
  handOver,
  headerWith,
  mime,
  postRaw,
  withGateway,
} from "../support/raw.ts";
import { tracking } from "../support/tracking.ts";
import { ask, email, givenDomain, givenKey, ownClock, testApp } from "../support/world.ts";

const links = tracking().links;
const app = testApp({ links });
let key = "";
let pair: Awaited<ReturnType<typeof makeKeyPair>>;
beforeAll(async () => {
  key = (await givenKey()).secret;
  pair = await makeKeyPair("rsa-sha256");
});
beforeEach(emptyLedger);

function record(domain: string, purpose: RecordPurpose, status: RecordStatus): DnsRecord {
  const name = purpose === "dkim" ? `ep1._domainkey.${domain}` : domain;
  const found = purpose === "dmarc" ? ["v=DMARC1; p=none"] : [];
  return { purpose, type: "TXT", name, value: "", required: true, status, found, advice: "" };
}

/** A new domain with this gate, signed and all well in DNS but for its SPF record's status. */
async function gated(gate: Gate, spf: RecordStatus = "ok"): Promise<string> {
  const domain = `d${crypto.randomUUID()}.example`;
  await givenDomain(domain);
  const purpose = dkimPurpose(domain, "ep1");
  const signing = {
    domain,
    selector: "ep1",
    algorithm: "rsa-sha256",
    state: "active",
    publicKey: pair.publicKey,
    sealedPrivateKey: await seal(app.config.encryptionKey, purpose, pair.privateKey),
    createdAt: 1,
    changedAt: 1,
    seenAt: 1,
  } as const;
  await batch(env.DB, [...insertDkimKeys(env.DB, [signing])]);
  const records = [
    record(domain, "spf", spf),
    record(domain, "dkim", "ok"),
    record(domain, "dmarc", "ok"),
  ];
  await env.DB.prepare("update sender_domains set gate = ?2, records = ?3 where domain = ?1")
    .bind(domain, gate, JSON.stringify(records))
    .run();
  return domain;
}

function send(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  return ask(app, "POST", "/v1/send-email", { key, body, headers });
}

const answer = z.object({
  data: z.strictObject({
    mime: z.string(),
    lint: z.array(z.strictObject({ rule: z.string(), level: z.string(), message: z.string() })),
  }),
});

async function tried(body: unknown, world = app) {
  const given = await ask(world, "POST", "/v1/send-email?dry_run=true", { key, body });
  expect(given.status).toBe(200);
  return answer.parse(await given.json()).data;
}

describe("a gate", () => {
  it("that is off says nothing, and that is on nothing of a mail that keeps the rules", async () => {
    for (const [gate, spf] of [
      ["off", "missing"],
      ["warn", "ok"],
      ["block", "ok"],
    ] as const) {
      const sent = await send(email({ from: `a@${await gated(gate, spf)}` }));
      expect([sent.status, sent.headers.get("X-Lint")]).toEqual([200, null]);
    }
  });

  it("that warns lets the mail through, and names the rules that it breaks", async () => {
    const body = email({ from: `a@${await gated("warn", "missing")}`, subject: "{{nothing}}" });
    const sent = await send({ ...body, metadata: { mailClass: "marketing" } });
    expect(sent.status).toBe(200);
    expect(sent.headers.get("X-Lint")).toBe("spf, subject, unsubscribe-link");
    expect(await countOf("messages")).toBe(1);
  });

  it("that blocks refuses an error with 422/1014, its rule and its remedy; nothing is stored", async () => {
    const domain = await gated("block", "wrong");
    const sent = await send(email({ from: `a@${domain}` }), { "Idempotency-Key": "again" });
    expect(sent.status).toBe(422);
    const said = `${domain} sends no mail that breaks bulk-sender rules (spf). spf: publish the SPF records`;
    expect(await sent.json()).toEqual({
      statusCode: 1014,
      status: "FAILED",
      message: expect.stringContaining(said),
    });
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([0, 0]);
  });

  it("that blocks lets warnings through, and names them", async () => {
    const sent = await send(email({ from: `a@${await gated("block", "unknown")}` }));
    expect([sent.status, sent.headers.get("X-Lint")]).toEqual([200, "dns-known"]);
  });

  it("does not refuse what was accepted before it was closed", async () => {
    const domain = await gated("off", "missing");
    const body = email({ from: `a@${domain}` });
    const headers = { "Idempotency-Key": domain };
    expect((await send(body, headers)).status).toBe(200);
    const closed = await ask(app, "PATCH", `/v1/domains/${domain}`, {
      key,
      body: { gate: "block" },
    });
    expect(await closed.json()).toMatchObject({ data: { gate: "block" } });
    const again = await send(body, headers);
    expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([200, "true"]);
    expect((await send(body)).status).toBe(422);
  });

  it("judges raw messages too, at /v1/send-raw and over SMTP, and what is sent again", async () => {
    const domain = await gated("warn");
    const content = mime(headerWith("Date: yesterday").with(0, `From: a@${domain}`));
    const raw = await postRaw(app, key, content);
    expect([raw.status, raw.headers.get("X-Lint")]).toEqual([200, "date"]);
    const { message_id: id } = z
      .object({ data: z.object({ message_id: z.string() }) })
      .parse(await raw.json()).data;
    const resent = await ask(app, "POST", `/v1/messages/${id}/resend`, { key });
    expect([resent.status, resent.headers.get("X-Lint")]).toEqual([201, "date"]);
    await ask(app, "PATCH", `/v1/domains/${domain}`, { key, body: { gate: "block" } });
    const { credential } = await givenCredential(app);
    const submitted = await handOver(withGateway(app), credential.id, content);
    expect(submitted.status).toBe(422);
    expect(await submitted.json()).toMatchObject({ error: { code: "not_compliant" } });
  });

  it("costs no round trip: neither off, nor on where its domain is known", async () => {
    const d1 = faultyD1(env.DB);
    const counted = testApp({ db: d1.db, links });
    const trips = async (gate: Gate) => {
      const body = email({ from: `a@${await gated(gate)}` });
      const post = () => ask(counted, "POST", "/v1/send-email", { key, body });
      await post();
      const before = d1.calls().length;
      expect((await post()).status).toBe(200);
      return d1.calls().length - before;
    };
    expect([await trips("off"), await trips("warn"), await trips("block")]).toEqual([1, 1, 1]);
  });

  it.each([{ gate: "strict" }, { gate: true }, { gate: null }])("is not %j", async (body) => {
    const domain = await gated("off");
    const refused = await ask(app, "PATCH", `/v1/domains/${domain}`, { key, body });
    expect(await refused.json()).toMatchObject({ error: { field: "gate" } });
  });

  it("is given with a new domain, off unless said otherwise, and asks for a look into DNS", async () => {
    const quiet = testApp({ fetch: async () => Response.json({ Status: 3 }) });
    const shown = async (body: object) => {
      const added = await ask(quiet, "POST", "/v1/domains", { key, body });
      return z.object({ data: z.object({ gate: z.string() }) }).parse(await added.json()).data.gate;
    };
    expect(await shown({ domain: "plain.gate.example" })).toBe("off");
    expect(await shown({ domain: "warned.gate.example", gate: "warn" })).toBe("warn");
    await givenDomain("old.gate.example");
    await ask(quiet, "PATCH", "/v1/domains/old.gate.example", { key, body: { gate: "warn" } });
    const row = await env.DB.prepare(
      "select check_at from sender_domains where domain = 'old.gate.example'",
    ).first<{ check_at: number | null }>();
    expect(row?.check_at).toBeGreaterThan(0);
  });
});

/** Ids, tokens and signatures, which differ from message to message, made equal. */
function withoutIds(text: string): string {
  return text
    .replace(/ (bh?)=[A-Za-z0-9+/=\s]*(?=;|\r\n\S)/g, " $1=")
    .replace(/=\r\n/g, "")
    .replace(/\/([ocu])\/[\w-]+/g, "/$1/token")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}/g, "id");
}

describe("a dry run", () => {
  it("answers the MIME that the same send gives, but for its ids, and stores nothing", async () => {
    const clock = ownClock(Date.UTC(2026, 10, 21, 10));
    const still = testApp({ links, now: clock.now });
    const from = `a@${await gated("off")}`;
    const html = '<p>Grüße, {{name}}: <a href="{{unsubscribe_url}}">out</a></p>';
    const recipients = {
      to: [
        { email: "ann@example.com", variables: { name: "Änne" } },
        { email: "bob@example.com", variables: { name: "Bob" } },
      ],
    };
    const attachments = [{ filename: "a.csv", content: toBase64(new Uint8Array(90).fill(65)) }];
    const metadata = { mailClass: "marketing" };
    const body = { ...email({ from, subject: "Grüße", html, recipients, attachments }), metadata };
    const { mime: shown, lint } = await tried(body, still);
    expect(lint).toEqual([]);
    expect(shown).toContain("DKIM-Signature:");
    expect(await countOf("messages")).toBe(0);
    const sent = await ask(still, "POST", "/v1/send-email", { key, body });
    const path = `/v1/messages/${sent.headers.get("X-Message-Id")}/raw`;
    const raw = fromUtf8(await (await ask(still, "GET", path, { key })).bytes());
    expect(withoutIds(shown)).toBe(withoutIds(raw));
    expect(shown.length).toBe(raw.length);
  });

  it("tells what the gate would refuse, whether it is on or off", async () => {
    for (const gate of ["off", "block"] as const) {
      const { lint } = await tried(email({ from: `a@${await gated(gate, "missing")}` }));
      expect(lint).toEqual([{ rule: "spf", level: "error", message: expect.any(String) }]);
    }
  });

  it("leaves quota and idempotency alone", async () => {
    const small = (await givenKey({ limits: { perSecond: 1, burst: 1, daily: 1 } })).secret;
    const body = email({ from: `a@${await gated("off")}` });
    const headers = { "Idempotency-Key": "dry" };
    const post = (path: string) => ask(app, "POST", path, { key: small, body, headers });
    for (let n = 0; n < 3; n++) {
      expect((await post("/v1/send-email?dry_run=true")).status).toBe(200);
    }
    const sent = await post("/v1/send-email?dry_run=false");
    expect([sent.status, sent.headers.get("Idempotent-Replayed")]).toEqual([200, null]);
    expect(await countOf("messages")).toBe(1);
  });

  it("is refused as the send would be", async () => {
    const from = `a@${await gated("off")}`;
    const refused = async (body: unknown, headers: Readonly<Record<string, string>> = {}) => {
      const path = "/v1/send-email?dry_run=true";
      const { status, ...given } = await ask(app, "POST", path, { key, body, headers }).then(
        async (one) => ({ status: one.status, body: await one.json<{ statusCode: number }>() }),
      );
      return [status, given.body.statusCode];
    };
    expect(await refused({})).toEqual([400, 1002]);
    expect(await refused(email({ from: "a@stranger.example" }))).toEqual([403, 1004]);
    expect(await refused(email({ from }), { "Idempotency-Key": "x".repeat(257) })).toEqual([
      400, 1002,
    ]);
    const exe = [{ filename: "a.exe", content: "TVo=" }];
    expect(await refused(email({ from, attachments: exe }))).toEqual([400, 1005]);
    const entry = { entry: "gone@example.com", scope: "global", reason: "" } as const;
    await insertSuppression(env.DB, entry, { keyId: "test", now: 1 });
    expect(await refused(email({ from }, ["gone@example.com"]))).toEqual([422, 1010]);
    await tried(email({ from }, ["gone@example.com", "here@example.com"]));
  });

  it("is refused without credits for it, and takes none", async () => {
    const body = email({ from: `a@${await gated("off")}` }, ["a@example.com", "b@example.com"]);
    const credits = "/v1/account/credits";
    await ask(app, "POST", credits, { key, body: { amount: 1 } });
    const refused = await ask(app, "POST", "/v1/send-email?dry_run=true", { key, body });
    expect(refused.status).toBe(402);
    await ask(app, "POST", credits, { key, body: { amount: 1 } });
    await tried(body);
    const left = await ask(app, "GET", credits, { key });
    expect(await left.json()).toMatchObject({ data: { balance: 2 } });
    await ask(app, "DELETE", credits, { key });
  });

  it.each(["1", "yes", ""])("is not asked for by %j, which sends nothing", async (value) => {
    const body = email({ from: `a@${await gated("off")}` });
    const asked = await ask(app, "POST", `/v1/send-email?dry_run=${value}`, { key, body });
    expect(asked.status).toBe(400);
    const raw = await ask(app, "POST", "/v1/send-raw?to=a@example.com&dry_run=true", {
      key,
      body: mime(headerWith()),
      headers: { "Content-Type": "message/rfc822" },
    });
    expect(await raw.json()).toMatchObject({ error: { field: "dry_run" } });
    expect(await countOf("messages")).toBe(0);
  });

  it("shows a mail with 6 MB of attachments whole", async () => {
    const bytes = new Uint8Array(6 * 1024 * 1024);
    bytes.set([0x25, 0x50, 0x44, 0x46, 0x2d, 0x31, 0x2e, 0x37, 0x0a]);
    const attachments = [{ filename: "a.pdf", content: toBase64(bytes) }];
    const { mime: shown, lint } = await tried(
      email({ from: `a@${await gated("off")}`, attachments }),
    );
    expect(lint).toEqual([]);
    expect(shown.length).toBeGreaterThan((bytes.length * 4) / 3);
    expect(shown.endsWith("--\r\n")).toBe(true);
    expect((await send(email({ from: `a@${await gated("off")}`, attachments }))).status).toBe(200);
  });
});
