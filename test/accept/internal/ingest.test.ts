// What the gateway hands over: it is the credential's message, once, whatever was lost on the way
// (A-037…A-039; reliability C15, F10).
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../../src/app.ts";
import { MAX_BODY_BYTES } from "../../../src/accept/body.ts";
import { faultyD1 } from "../../support/faults.ts";
import { countOf, deliveries, emptyLedger } from "../../support/ledger.ts";
import {
  gatewayApp as loudGatewayApp,
  givenCredential,
  handOver,
  headerWith,
  mime,
  PLAIN,
} from "../../support/raw.ts";
import { givenDomain, givenKey, ownClock } from "../../support/world.ts";
import { expectError, native, suppress } from "../kasplo/native.ts";

const gatewayApp = (change: Partial<App> = {}) => loudGatewayApp({ log() {}, ...change });

const START = Date.UTC(2026, 10, 21, 10);
const WITH_ID = mime(headerWith("Message-ID: <one@edgepost.test>"));

beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  await givenDomain("other.test");
});

async function idOf(answer: Response): Promise<string> {
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, expect.any(String)]);
  const { data }: { data: { message_id: string } } = JSON.parse(text);
  expect(answer.headers.get("X-Message-Id")).toBe(data.message_id);
  return data.message_id;
}

describe("a message from the gateway", () => {
  it("is the credential's, with one delivery for each recipient (A-038)", async () => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app, { mailClass: "marketing" });
    const to = { "X-Envelope-To": "a@example.com, b@example.com,C@example.com,A@EXAMPLE.com" };
    const id = await idOf(await handOver(app, credential.id, PLAIN, to));
    expect((await deliveries()).map(({ recipient }) => recipient)).toEqual([
      "a@example.com",
      "b@example.com",
      "c@example.com",
    ]);
    const row = await env.DB.prepare("select key_id, mail_class, metadata from messages").first();
    expect(row).toEqual({ key_id: credential.id, mail_class: "marketing", metadata: "{}" });
    const { secret } = await givenKey();
    expect(await native(app, secret, { path: `/v1/messages/${id}` })).toMatchObject({
      from: "Ann <ann@edgepost.test>",
      subject: "Hello",
      tags: "",
      listid: "marketing",
      metadata: {},
    });
  });

  it("is taken with any envelope sender: a user name, nothing, another domain (A-032)", async () => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app);
    for (const from of ["user-name", "", "x@elsewhere.example"]) {
      await idOf(await handOver(app, credential.id, PLAIN, { "X-Envelope-From": from }));
    }
  });

  it("from a domain that is not verified, or not the credential's, is refused (A-037)", async () => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app, { senderDomain: "edgepost.test" });
    for (const from of ["x@unverified.test", "x@other.test"]) {
      const message = mime([`From: ${from}`, "Sender: ann@edgepost.test"]);
      const answer = await handOver(app, credential.id, message);
      await expectError(answer, { status: 403, code: "sender_not_allowed" });
    }
    expect(await countOf("messages")).toBe(0);
    const free = mime(headerWith("Sender: s@elsewhere.example", "Reply-To: r@elsewhere.example"));
    await idOf(await handOver(app, credential.id, free));
  });

  it("over the size limit is refused and nothing is stored (A-039)", async () => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app);
    const answer = await handOver(app, credential.id, new Uint8Array(MAX_BODY_BYTES + 1));
    await expectError(answer, { status: 413, code: "too_large" });
    expect(await countOf("messages")).toBe(0);
  });

  it("whose recipients are all suppressed is refused", async () => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app);
    await suppress("you@example.com");
    const answer = await handOver(app, credential.id, PLAIN);
    await expectError(answer, { status: 422, code: "all_recipients_suppressed" });
  });
});

describe("a credential", () => {
  const REFUSED = { status: 401, code: "invalid_credentials" };

  it.each([
    ["revoked", { revokedAt: 1 }],
    ["expired", { expiresAt: 1 }],
  ])("that is %s sends nothing", async (_name, change) => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app, change);
    await expectError(await handOver(app, credential.id, PLAIN), REFUSED);
    expect(await countOf("messages")).toBe(0);
  });

  it("that nobody made sends nothing", async () => {
    await expectError(await handOver(gatewayApp(), "nobody", PLAIN), REFUSED);
  });

  it("is known for 25 s at most after it was revoked", async () => {
    const clock = ownClock(START);
    const app = gatewayApp({ now: clock.now });
    const { credential } = await givenCredential(app);
    await idOf(await handOver(app, credential.id, PLAIN));
    await env.DB.prepare("update smtp_credentials set revoked_at = 1 where id = ?1")
      .bind(credential.id)
      .run();
    clock.advance(25_000);
    await expectError(await handOver(app, credential.id, PLAIN), REFUSED);
  });

  it("that demands TLS sends nothing that came in clear", async () => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app, { requireTls: true });
    for (const tls of ["false", "", "yes"]) {
      const answer = await handOver(app, credential.id, PLAIN, { "X-Tls": tls });
      await expectError(answer, { status: 403, code: "tls_required" });
    }
    await idOf(await handOver(app, credential.id, PLAIN));
  });

  it("that cannot be read is no credential that is refused: 503", async () => {
    const d1 = faultyD1(env.DB);
    const app = gatewayApp({ db: d1.db });
    const { credential } = await givenCredential(gatewayApp());
    d1.plan({ on: () => true, mode: "before" });
    const answer = await handOver(app, credential.id, PLAIN);
    await expectError(answer, { status: 503, code: "unavailable" });
    d1.plan(null);
    await idOf(await handOver(app, credential.id, PLAIN));
  });

  it("must be named", async () => {
    const answer = await handOver(gatewayApp(), "", PLAIN);
    await expectError(answer, REFUSED);
  });
});

describe("a message that is handed over again", () => {
  it("is the same one: same credential, envelope, Message-ID and body", async () => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app);
    const first = await handOver(app, credential.id, WITH_ID);
    expect(first.headers.get("Idempotent-Replayed")).toBeNull();
    const second = await handOver(app, credential.id, WITH_ID);
    expect(second.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await idOf(second)).toBe(await idOf(first));
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([1, 1]);
  });

  it("is another one when any of the four differs, or when there is no Message-ID", async () => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app);
    const other = await givenCredential(app);
    const ids = [
      await idOf(await handOver(app, credential.id, WITH_ID)),
      await idOf(await handOver(app, other.credential.id, WITH_ID)),
      await idOf(await handOver(app, credential.id, WITH_ID, { "X-Envelope-To": "b@example.com" })),
      await idOf(await handOver(app, credential.id, WITH_ID, { "X-Envelope-From": "b@a.test" })),
      await idOf(await handOver(app, credential.id, WITH_ID.replace("<one@", "<two@"))),
      await idOf(await handOver(app, credential.id, `${WITH_ID}.\r\n`)),
      await idOf(await handOver(app, credential.id, PLAIN)),
      await idOf(await handOver(app, credential.id, PLAIN)),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("is the same one for 24 hours", async () => {
    const clock = ownClock(START);
    const app = gatewayApp({ now: clock.now });
    const { credential } = await givenCredential(app);
    const first = await idOf(await handOver(app, credential.id, WITH_ID));
    clock.advance(86_399_000);
    expect(await idOf(await handOver(app, credential.id, WITH_ID))).toBe(first);
    clock.advance(1_000);
    expect(await idOf(await handOver(app, credential.id, WITH_ID))).not.toBe(first);
  });

  it("is one message when 20 hand it over at once", async () => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => handOver(app, credential.id, WITH_ID)),
    );
    expect(new Set(await Promise.all(answers.map(idOf))).size).toBe(1);
    expect(await countOf("messages")).toBe(1);
  });

  it("was refused before: it is taken once it can be", async () => {
    const app = gatewayApp();
    const { credential } = await givenCredential(app);
    await suppress("you@example.com");
    expect((await handOver(app, credential.id, WITH_ID)).status).toBe(422);
    await env.DB.prepare("delete from suppressions").run();
    await idOf(await handOver(app, credential.id, WITH_ID));
  });

  it("after D1 failed, before or after the commit, is one message", async () => {
    for (const mode of ["before", "after"] as const) {
      await emptyLedger();
      const d1 = faultyD1(env.DB);
      const app = gatewayApp({ db: d1.db, log() {} });
      const { credential } = await givenCredential(gatewayApp());
      d1.plan({ on: ({ kind }) => kind === "batch", mode, times: 2 });
      const answer = await handOver(app, credential.id, WITH_ID);
      await expectError(answer, { status: 503, code: "unavailable" });
      expect(await countOf("messages")).toBe(mode === "before" ? 0 : 1);
      await idOf(await handOver(app, credential.id, WITH_ID));
      expect(await countOf("messages")).toBe(1);
    }
  });
});

it("accepting a message costs one round trip and the rows of any other accept", async () => {
  const d1 = faultyD1(env.DB);
  const app = gatewayApp({ db: d1.db });
  const { credential } = await givenCredential(gatewayApp());
  await handOver(app, credential.id, PLAIN);
  await app.idle();
  d1.reset();
  await handOver(app, credential.id, WITH_ID);
  expect(d1.calls()).toHaveLength(1);
  // Message, its entry in the index of idempotency keys, content, delivery, its entry in the due index.
  expect(d1.rowsWritten()).toBe(5);
});
