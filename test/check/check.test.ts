// The order of the questions that a send is asked: of several things that are wrong, the first is told.
import { describe, expect, it } from "vitest";
import { check } from "../../src/check/check.ts";
import { utf8 } from "../../src/lib/bytes.ts";
import type { Key } from "../../src/model/key.ts";
import type { MailClass, MessageContent } from "../../src/model/message.ts";
import { type PlanName, planOf } from "../../src/model/plan.ts";
import { listRelays } from "../../src/store/relay.ts";
import { givenDomain, givenKey, testApp } from "../support/world.ts";

const PATHS = {
  from: "email.from",
  amp: "email.amp",
  recipients: "email.recipients.to",
  attachments: "email.attachments",
};

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

type Options = {
  mailClass?: MailClass;
  key?: Partial<Key>;
  capacity?: number;
  plan?: PlanName;
  recipients?: number;
};

async function judge(content: Partial<MessageContent>, options: Options = {}) {
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
    recipients: Array.from({ length: options.recipients ?? 1 }, (_, n) => {
      return { address: `a${n}@example.com`, name: "", role: "to" as const };
    }),
    tags: "",
    sendId: null,
    listId: null,
    mailClass: options.mailClass ?? null,
    metadata: {},
    onAmbiguous: "retry" as const,
  };
  const plan = planOf(options.plan ?? "local", true);
  return check(app, { key, plan, command, paths: PATHS });
}

describe("check", () => {
  it("answers the mail class of a send that may be accepted", async () => {
    const tracking = { opens: true, clicks: true };
    const sender = expect.objectContaining({ domain: "edgepost.test", gate: "off" });
    const value = { mailClass: "transactional", tracking, sender };
    expect(await judge({})).toEqual({ ok: true, value });
    const marketing = await judge({}, { mailClass: "marketing" });
    expect(marketing).toMatchObject({ value: { mailClass: "marketing" } });
  });

  it.each([
    [true, true, true, true],
    [false, true, true, false],
    [true, false, false, true],
    [false, false, true, true],
  ])("tracks what the domain (%s, %s) and the message (%s, %s) both want", async (...flags) => {
    const [domainOpens, domainClicks, opens, clicks] = flags;
    const domain = `d${flags.map(Number).join("")}.test`;
    await givenDomain(domain, { tracking: { opens: domainOpens, clicks: domainClicks } });
    const from = { address: `s@${domain}`, name: "" };
    expect(await judge({ from, tracking: { opens, clicks } })).toMatchObject({
      value: { tracking: { opens: domainOpens && opens, clicks: domainClicks && clicks } },
    });
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

  it.each([
    ["starter", 50],
    ["growth", 100],
    ["enterprise", 1_000],
    ["local", 1_000],
  ] as const)("takes from plan %s messages of up to %i recipients", async (plan, recipients) => {
    expect((await judge({}, { plan, recipients })).ok).toBe(true);
    expect(await judge({}, { plan, recipients: recipients + 1 })).toMatchObject({
      error: {
        kind: "invalid_field",
        path: "email.recipients.to",
        reason: `must be at most ${recipients} recipients together (plan ${plan})`,
      },
    });
  });

  it.each([
    ["starter", 5],
    ["growth", 10],
    ["enterprise", 25],
    ["local", 25],
  ] as const)("takes from plan %s attachments of up to %i MB together", async (plan, megabytes) => {
    const bytes = (more: number) => {
      const file = new Uint8Array(megabytes * 1024 * 1024 + more);
      file.set(utf8("%PDF"));
      return {
        attachments: [{ filename: "a.pdf", contentType: "application/pdf", contentId: null }],
        attachmentBytes: [file],
      };
    };
    expect((await judge(bytes(0), { plan })).ok).toBe(true);
    expect(await judge(bytes(1), { plan })).toMatchObject({
      error: { kind: "too_large", limitBytes: megabytes * 1024 * 1024 },
    });
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
