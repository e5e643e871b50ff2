// The order of the questions that a send is asked: of several things that are wrong, the first is told.
import { describe, expect, it } from "vitest";
import { check } from "../../src/check/check.ts";
import { utf8 } from "../../src/lib/bytes.ts";
import type { Key } from "../../src/model/key.ts";
import type { MailClass, MessageContent } from "../../src/model/message.ts";
import { listRelays } from "../../src/store/relay.ts";
import { givenDomain, givenKey, testApp } from "../support/world.ts";

const PATHS = { from: "email.from", amp: "email.amp", attachments: "email.attachments" };

const GOOD: MessageContent = {
  from: { address: "s@edgepost.test", name: "Shop" },
  replyTo: [],
  subject: "s",
  text: "t",
  html: "<p>t</p>",
  amp: null,
  headers: [],
  variables: null,
  tracking: { opens: true, clicks: true },
  attachments: [],
  attachmentBytes: [],
};

const EXE = {
  attachments: [{ filename: "a.exe", contentType: "application/pdf", contentId: null }],
  attachmentBytes: [utf8("MZ")],
};
const STRANGER = { from: { address: "s@stranger.test", name: "Shop" } };
const BAD_AMP = { amp: "<html ⚡4email><script>alert(1)</script></html>" };

async function judge(
  content: Partial<MessageContent>,
  options: { mailClass?: MailClass; key?: Partial<Key>; capacity?: number } = {},
) {
  await givenDomain("edgepost.test");
  await givenDomain("amp.test", { amp: ["Shop"] });
  const { key } = await givenKey(options.key);
  const plain = testApp();
  const databaseCapacityBytes = options.capacity ?? plain.config.databaseCapacityBytes;
  const app = { ...plain, config: { ...plain.config, databaseCapacityBytes } };
  // The size of the database is known from its last batch.
  await listRelays(app.db);
  const command = {
    content: { ...GOOD, ...content },
    recipients: [{ address: "a@example.com", name: "", role: "to" as const }],
    tags: "",
    sendId: null,
    listId: null,
    mailClass: options.mailClass ?? null,
    metadata: {},
    onAmbiguous: "retry" as const,
  };
  return check(app, { key, command, paths: PATHS });
}

describe("check", () => {
  it("answers the mail class of a send that may be accepted", async () => {
    expect(await judge({})).toEqual({ ok: true, value: "transactional" });
    expect(await judge({}, { mailClass: "marketing" })).toEqual({ ok: true, value: "marketing" });
  });

  const FULL = 500_000_001;
  const WRONG_CLASS = { key: { mailClass: "marketing" }, mailClass: "transactional" } as const;

  it.each([
    ["mail_class_not_allowed", { ...STRANGER, ...EXE, ...BAD_AMP }, WRONG_CLASS],
    ["sender_not_allowed", { ...STRANGER, ...EXE, ...BAD_AMP }, { capacity: FULL }],
    ["attachment_refused", { ...EXE, ...BAD_AMP }, { capacity: FULL }],
    ["amp_not_approved", BAD_AMP, { capacity: FULL }],
    [
      "invalid_field",
      { ...BAD_AMP, from: { address: "s@amp.test", name: "Shop" } },
      { capacity: FULL },
    ],
    ["unavailable", {}, { capacity: FULL }],
  ] as const)("says %s before what comes after it", async (kind, content, options) => {
    expect(await judge(content, options)).toMatchObject({ ok: false, error: { kind } });
  });

  it("names the parts as the request did", async () => {
    expect(await judge(EXE)).toMatchObject({ error: { path: "email.attachments[0]" } });
    const amp = await judge({ ...BAD_AMP, from: { address: "s@amp.test", name: "Shop" } });
    expect(amp).toMatchObject({ error: { path: "email.amp" } });
  });

  it("refuses AMP under another From name than the approved one", async () => {
    const from = { address: "s@amp.test", name: "Shop " };
    expect(await judge({ ...BAD_AMP, from })).toMatchObject({
      error: { kind: "amp_not_approved", domain: "amp.test" },
    });
  });

  it("sends a full database's caller away for an hour", async () => {
    expect(await judge({}, { capacity: FULL })).toMatchObject({
      error: { kind: "unavailable", retryAfterSeconds: 3_600 },
    });
    expect((await judge({}, { capacity: 600_000_000 })).ok).toBe(true);
  });
});
