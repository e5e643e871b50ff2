// Accepting a message in SQL: one batch, all or nothing, harmless the second time, and what it costs.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { uuidv7 } from "../../src/lib/id.ts";
import type { Message, MessageContent } from "../../src/model/message.ts";
import { packContent } from "../../src/store/content.ts";
import { statement } from "../../src/store/db.ts";
import { findMessage } from "../../src/store/message.ts";
import { acceptMessage } from "../../src/store/message-accept.ts";
import { faultyD1 } from "../support/faults.ts";
import { countOf, deliveries, emptyLedger } from "../support/ledger.ts";

const START = Date.UTC(2026, 10, 21, 10);
const HOUR = 3_600_000;

beforeEach(emptyLedger);

const CONTENT: MessageContent = {
  from: { address: "s@edgepost.test", name: "" },
  replyTo: [],
  subject: "s",
  text: "t",
  html: null,
  amp: null,
  headers: [],
  variables: null,
  attachments: [],
  attachmentBytes: [],
  tracking: { opens: true, clicks: true },
};

function messageTo(addresses: readonly string[], change: Partial<Message> = {}): Message {
  const createdAt = change.createdAt ?? START;
  return {
    id: uuidv7(createdAt),
    createdAt,
    keyId: "key",
    mailClass: "transactional",
    from: CONTENT.from,
    subject: "s",
    tags: "",
    sendId: "s",
    listId: "l",
    metadata: {},
    recipients: addresses.map((address) => ({ address, name: "", role: "to" })),
    onAmbiguous: "retry",
    size: 100,
    ...change,
  };
}

const d1 = faultyD1(env.DB);

function accept(message: Message, key: string | null = null, body = "hash") {
  const content = { ...packContent(CONTENT), key: null };
  return acceptMessage(d1.db, message, content, key === null ? null : { key, requestHash: body });
}

async function suppress(address: string, scope: string): Promise<void> {
  await env.DB.prepare(
    `insert into suppressions (address, scope, reason, message_id, created_at)
     values (?1, ?2, 'test', null, 0)`,
  )
    .bind(address, scope)
    .run();
}

describe("acceptMessage", () => {
  it("costs one round trip and 4 rows, 5 with an idempotency key, 2 for each more recipient", async () => {
    const cost = async (message: Message, key: string | null) => {
      d1.reset();
      expect(await accept(message, key)).toEqual({ kind: "accepted", stopped: [] });
      return [d1.calls().length, d1.rowsWritten()];
    };
    expect(await cost(messageTo(["a@example.com"]), null)).toEqual([1, 4]);
    expect(await cost(messageTo(["b@example.com"]), "k")).toEqual([1, 5]);
    const many = Array.from({ length: 100 }, (_, n) => `p${n}@example.com`);
    expect(await cost(messageTo(many), null)).toEqual([1, 2 + 200]);
  });

  it("writes nothing when it is repeated with the same message", async () => {
    const message = messageTo(["a@example.com", "b@example.com"]);
    await accept(message, "k");
    d1.reset();
    expect(await accept(message, "k")).toEqual({ kind: "accepted", stopped: [] });
    expect(d1.rowsWritten()).toBe(0);
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([1, 2]);
  });

  it("names the owner of a key that is taken, and writes nothing", async () => {
    const first = messageTo(["a@example.com"]);
    await accept(first, "k", "first body");
    d1.reset();
    expect(await accept(messageTo(["b@example.com"]), "k", "other body")).toEqual({
      kind: "known",
      messageId: first.id,
      requestHash: "first body",
    });
    expect(d1.rowsWritten()).toBe(0);
  });

  it.each([
    [24 * HOUR - 1, "known"],
    [24 * HOUR, "accepted"],
  ])("after %i ms a key is %s", async (age, kind) => {
    await accept(messageTo(["a@example.com"]), "k");
    const later = messageTo(["a@example.com"], { createdAt: START + age });
    expect((await accept(later, "k")).kind).toBe(kind);
  });

  it("leaves no content of a message that was not accepted", async () => {
    await suppress("a@example.com", "bounce");
    expect(await accept(messageTo(["a@example.com"]), "k")).toEqual({ kind: "all_suppressed" });
    const tables = ["messages", "contents", "deliveries"] as const;
    expect(await Promise.all(tables.map(countOf))).toEqual([0, 0, 0]);
  });

  it("decides each recipient's first state by the suppressions of its mail class", async () => {
    await suppress("bounced@example.com", "bounce");
    await suppress("complained@example.com", "complaint");
    await suppress("left@example.com", "unsubscribe");
    const to = ["bounced", "complained", "left", "fine"].map((name) => `${name}@example.com`);
    const first = async (mailClass: Message["mailClass"]) => {
      await accept(messageTo(to, { mailClass }));
      return (await deliveries()).slice(-4).map(({ state, dueAt }) => [state, dueAt !== null]);
    };
    expect(await first("transactional")).toEqual([
      ["suppressed", false],
      ["suppressed", false],
      ["queued", true],
      ["queued", true],
    ]);
    expect(await first("marketing")).toEqual([
      ["suppressed", false],
      ["suppressed", false],
      ["suppressed", false],
      ["queued", true],
    ]);
  });

  it("compares suppressions by the address key: case does not count", async () => {
    await suppress("a@example.com", "bounce");
    expect((await accept(messageTo(["A@Example.COM"]))).kind).toBe("all_suppressed");
  });

  it("keeps quotes, NUL and emoji of a message as data", async () => {
    const subject = `'); drop table messages; -- " \\ \u0000 💌`;
    const message = messageTo(["o'brien@example.com"], { subject, metadata: { "a'b": subject } });
    await accept(message);
    const found = await findMessage(env.DB, message.id);
    expect(found?.message.metadata).toEqual({ "a'b": subject });
    expect(found?.message.recipients).toEqual(message.recipients);
  });
});

describe("statement", () => {
  it("refuses a value over D1's 2 MB, which local D1 would take", () => {
    const make = (bytes: number) => () => statement(env.DB, "select ?1", "x".repeat(bytes));
    expect(make(2_000_000)).not.toThrow();
    expect(make(2_000_001)).toThrow("2 MB");
  });
});
