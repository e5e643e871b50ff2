// Lists of messages in SQL: one that must pass thousands of messages stops and goes on later, and what
// was stored comes back. Filters are tested in test/accept/kasplo/messages.test.ts.
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { uuidv7 } from "../../src/lib/id.ts";
import type { Message, MessageContent } from "../../src/model/message.ts";
import { packContent } from "../../src/store/content.ts";
import { listMessages, type MessageFilter } from "../../src/store/message-list.ts";
import { findMessage } from "../../src/store/message.ts";
import { acceptMessage } from "../../src/store/message-accept.ts";
import { faultyD1 } from "../support/faults.ts";
import { emptyLedger } from "../support/ledger.ts";

beforeEach(emptyLedger);

const EVERYTHING: MessageFilter = {
  before: null,
  recipient: null,
  tag: null,
  state: null,
  mailClass: null,
  from: null,
  to: null,
  metadata: {},
  limit: 10,
};

const CONTENT: MessageContent = {
  from: { address: "s@edgepost.test", name: "" },
  replyTo: [],
  subject: "s",
  text: "t",
  html: null,
  amp: null,
  headers: [],
  variables: null,
  tracking: { opens: true, clicks: true },
  attachments: [],
  attachmentBytes: [],
};

function messageOf(change: Partial<Message>): Message {
  return {
    id: uuidv7(Date.now()),
    createdAt: Date.now(),
    keyId: "key",
    mailClass: "transactional",
    from: CONTENT.from,
    subject: "s",
    tags: "",
    sendId: "s",
    listId: "l",
    metadata: {},
    recipients: [{ address: "a@example.com", name: "", role: "to" }],
    onAmbiguous: "retry",
    sendAt: null,
    size: 1,
    ...change,
  };
}

function accept(message: Message) {
  return acceptMessage(env.DB, message, { ...packContent(CONTENT), key: null }, null);
}

describe("a list that finds little", () => {
  it("passes 5,000 messages for a page, and says where to go on", async () => {
    const rare = messageOf({ id: uuidv7(1_000), tags: "rare" });
    await accept(rare);
    await env.DB.prepare(
      `insert into messages (id, created_at, key_id, mail_class, from_address, from_name, subject,
         tags, send_id, list_id, metadata, recipients, on_ambiguous, size)
       with recursive n(i) as (select 1 union all select i + 1 from n where i < 5200)
       select printf('00000000-%04x-7000-8000-000000000000', 20000 + i), i, 'k', 'marketing', 'a',
         '', 's', 'often', 's', 'l', '{}', '[]', 'retry', 1 from n`,
    ).run();
    const d1 = faultyD1(env.DB);
    const first = await listMessages(d1.db, { ...EVERYTHING, tag: "rare" });
    expect([first.messages, typeof first.next]).toEqual([[], "string"]);
    expect(d1.calls().length).toBe(1);
    const second = await listMessages(env.DB, { ...EVERYTHING, tag: "rare", before: first.next });
    expect(second.messages.map(({ message }) => message.id)).toEqual([rare.id]);
    expect(second.next).toBeNull();
  });
});

describe("what a message says of itself", () => {
  // D1 ends a text at NUL; the door refuses it in every one of these.
  const text = fc
    .string({ unit: "grapheme-composite" })
    .filter((value) => value.isWellFormed() && !value.includes("\0"));
  const recipients = fc.uniqueArray(
    fc.record(
      {
        address: text.map((local) => `${local}X'"@example.com`),
        name: text,
        role: fc.constantFrom("to", "cc", "bcc"),
      },
      { noNullPrototype: true },
    ),
    { minLength: 1, maxLength: 4, selector: ({ address }) => address.toLowerCase() },
  );
  const metadata = fc.dictionary(text, text, { noNullPrototype: true, maxKeys: 4 });

  it("comes back from D1 as it was, and is found by it", async () => {
    await fc.assert(
      fc.asyncProperty(recipients, metadata, text, async (people, own, subject) => {
        await emptyLedger();
        const message = messageOf({ recipients: people, metadata: own, subject, tags: subject });
        expect(await accept(message)).toEqual({ kind: "accepted", stopped: [] });
        const found = await findMessage(env.DB, message.id);
        const plain = found?.message.recipients.map(({ address, name, role }) => ({
          address,
          name,
          role,
        }));
        expect({ ...found?.message, recipients: plain }).toEqual(message);
        for (const { address } of people) {
          const filter = {
            recipient: address,
            metadata: own,
            tag: subject,
            state: "queued",
          } as const;
          const listed = await listMessages(env.DB, { ...EVERYTHING, ...filter });
          expect(listed.messages.map(({ states }) => states)).toEqual([{ queued: people.length }]);
        }
      }),
      { numRuns: 40 },
    );
  });
});
