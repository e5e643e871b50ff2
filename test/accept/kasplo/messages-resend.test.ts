// POST /v1/messages/:id/resend: the same content to the same recipients, as a message of its own.
import PostalMime from "postal-mime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toBase64, utf8 } from "../../../src/lib/bytes.ts";
import { consume } from "../../../src/queue/consume.ts";
import { bytesOf, startSmtpPeer } from "../../peers/client.ts";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import {
  appWithRelay,
  ask,
  email,
  givenDomain,
  givenKey,
  type TestApp,
  testApp,
} from "../../support/world.ts";
import { expectError, native, suppress } from "./native.ts";

let key = "";
const stops: (() => Promise<void>)[] = [];
beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function post(app: TestApp, body: unknown): Promise<string> {
  const answer = await ask(app, "POST", "/v1/send-email", { key, body });
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
  return answer.headers.get("X-Message-Id") ?? "";
}

const FULL = {
  ...email({
    fromName: "Ä",
    subject: "For {{name}}",
    text: "Hello {{name}}",
    replyTo: ["r@edgepost.test"],
    headers: { "X-Own": "1" },
    attachments: [{ filename: "a.pdf", content: toBase64(utf8("%PDF-1.7 ä")) }],
    recipients: {
      to: [{ email: "ÄA@example.com", name: "A", variables: { name: "Anna" } }],
      cc: [{ email: "c@example.com", variables: { name: "Carl" } }],
      bcc: [{ email: "blind@example.com" }],
    },
  }),
  tags: "t-1",
  metadata: { messageId: "m-1", sendId: "camp", listId: "list", mailClass: "marketing", own: "x" },
  onAmbiguous: "hold",
};

type Shown = Readonly<Record<string, unknown>> & {
  readonly deliveries: readonly { readonly email: string }[];
};
type Resent = { readonly id: string; readonly resent_from: string };

describe("POST /v1/messages/:id/resend", () => {
  it.each([
    ["a small one", FULL],
    ["one whose content is in R2", { ...FULL, email: { ...FULL.email, html: "y".repeat(60_000) } }],
  ])("sends the same again as a new message: %s", async (_name, body) => {
    const peer = await startSmtpPeer({ smtputf8: true });
    stops.push(peer.stop);
    const app = appWithRelay(peer, { log() {} });
    const id = await post(app, body);
    const path = `/v1/messages/${id}/resend`;
    const resent = await native<Resent>(app, key, { method: "POST", path }, 201);
    expect(resent).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), resent_from: id });
    expect(resent.id).not.toBe(id);
    const [first, second] = await Promise.all(
      [id, resent.id].map((one) => native<Shown>(app, key, { path: `/v1/messages/${one}` })),
    );
    const same = ({ id: _id, created_at: _at, timeline: _timeline, ...rest }: Shown) => ({
      ...rest,
      deliveries: rest.deliveries.map(({ email: address }) => address),
    });
    expect(first && second && same(second)).toEqual(first && same(first));

    await consume(app);
    await app.idle();
    const { messages } = await peer.log();
    expect(messages.length).toBe(6);
    const mails = await Promise.all(
      messages.map(async ({ to, content }) => {
        const {
          headers,
          messageId,
          date: _date,
          attachments,
          ...mail
        } = await PostalMime.parse(bytesOf(content));
        const own = headers.filter(({ key: name }) => name === "x-own");
        const files = attachments.map(({ filename, content: bytes }) => ({ filename, bytes }));
        return { to: to[0], messageId, mail: { ...mail, headerLines: [], own, files } };
      }),
    );
    const ids = [id, resent.id].map((one) => `<${one}@edgepost.test>`);
    for (const { to, mail } of mails.filter(({ messageId }) => messageId === ids[0])) {
      const again = mails.find((other) => other.messageId === ids[1] && other.to === to);
      expect(again?.mail).toEqual(mail);
    }
    expect(new Set(mails.map(({ messageId }) => messageId))).toEqual(new Set(ids));
  });

  it("with an Idempotency-Key makes one message of many requests", async () => {
    const app = testApp({ log() {} });
    const id = await post(app, email());
    const again = (headers: Record<string, string>) =>
      ask(app, "POST", `/v1/messages/${id}/resend`, { key, headers });
    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(await again({ "Idempotency-Key": "once" }));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(answers.map(({ headers }) => headers.get("Idempotent-Replayed"))).toEqual([
      null,
      "true",
      "true",
    ]);
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    expect([bodies[1], bodies[2]]).toEqual([bodies[0], bodies[0]]);
    expect(await countOf("messages")).toBe(2);
    expect((await again({})).status).toBe(201);
    expect(await countOf("messages")).toBe(3);
  });

  it("refuses an Idempotency-Key that another request has", async () => {
    const app = testApp({ log() {} });
    const headers = { "Idempotency-Key": "mine" };
    const sent = await ask(app, "POST", "/v1/send-email", { key, body: email(), headers });
    const id = sent.headers.get("X-Message-Id") ?? "";
    const other = await post(app, email());
    const answer = await ask(app, "POST", `/v1/messages/${id}/resend`, { key, headers });
    await expectError(answer, { status: 422, code: "idempotency_key_reused" });
    const own = { "Idempotency-Key": "resend" };
    await ask(app, "POST", `/v1/messages/${id}/resend`, { key, headers: own });
    const third = await ask(app, "POST", `/v1/messages/${other}/resend`, { key, headers: own });
    await expectError(third, { status: 422, code: "idempotency_key_reused" });
    expect(await countOf("messages")).toBe(3);
  });

  it("leaves out who is suppressed by now, and is refused when that is everybody", async () => {
    const app = testApp({ log() {} });
    const id = await post(app, email({}, ["a@example.com", "b@example.com"]));
    const call = { method: "POST", path: `/v1/messages/${id}/resend` };
    await suppress("a@example.com");
    const resent = await native<Resent>(app, key, call, 201);
    const { deliveries } = await native<Shown>(app, key, { path: `/v1/messages/${resent.id}` });
    expect(deliveries).toMatchObject([{ state: "suppressed" }, { state: "queued" }]);
    await suppress("b@example.com");
    const refused = await ask(app, call.method, call.path, { key });
    await expectError(refused, { status: 422, code: "all_recipients_suppressed" });
    expect(await countOf("messages")).toBe(2);
  });

  it.each([
    ["of another domain", { domain: "other.test" }, 403, "sender_not_allowed"],
    ["of another mail class", { mailClass: "marketing" }, 404, "not_found"],
  ] as const)("is refused to a key %s", async (_name, change, status, code) => {
    const app = testApp({ log() {} });
    const id = await post(app, email());
    const { secret } = await givenKey(change);
    const answer = await ask(app, "POST", `/v1/messages/${id}/resend`, { key: secret });
    await expectError(answer, { status, code });
    expect(await countOf("messages")).toBe(1);
  });
});
