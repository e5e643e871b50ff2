// One message through the real doors: POST → D1 → consumer → relay peer → state → signed webhook. The
// wire is judged by others: postal-mime reads the mail, standardwebhooks the signature.
import PostalMime from "postal-mime";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";
import { consume } from "../src/queue/consume.ts";
import { runTail } from "../src/notify/tail.ts";
import {
  bytesOf,
  type HttpReceiver,
  type SmtpPeer,
  startHttpReceiver,
  startSmtpPeer,
} from "./peers/client.ts";
import { appWithRelay, ask, givenDomain, givenKey, type TestApp } from "./support/world.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function given(): Promise<{ peer: SmtpPeer; hook: HttpReceiver; app: TestApp; key: string }> {
  const peer = await startSmtpPeer();
  const hook = await startHttpReceiver();
  stops.push(peer.stop, hook.stop);
  await givenDomain("yourdomain.com");
  const { secret } = await givenKey();
  return { peer, hook, app: appWithRelay(peer), key: secret };
}

const SEED = {
  email: {
    from: "sender@yourdomain.com",
    fromName: "sender name",
    replyTo: ["abcd@yourdomain.com"],
    subject: "Custom subject line",
    text: "This is a Multipart email",
    html: "<h1>Test Email</h1>",
    recipients: { to: [{ email: "recipient@example.com" }], cc: [], bcc: [] },
    attachments: [],
  },
  metadata: { messageId: "custom-id-value" },
};

describe("the journey of one message", () => {
  it("is accepted, delivered and reported", async () => {
    const { peer, hook, app, key } = await given();
    const created = await ask(app, "POST", "/v1/webhooks", { key, body: { url: hook.url } });
    const { data: webhook } = await created.json<{ data: { id: string; secret: string } }>();

    const answer = await ask(app, "POST", "/v1/send-email", { key, body: SEED });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('{"statusCode":1000,"status":"SUCCESS","message":"NA"}');
    const id = answer.headers.get("X-Message-Id") ?? "";
    expect(id).toMatch(/^[0-9a-f-]{36}$/);

    await consume(app);
    await app.idle();
    const { messages } = await peer.log();
    expect(messages.map(({ from, to }) => ({ from, to }))).toEqual([
      { from: "sender@yourdomain.com", to: ["recipient@example.com"] },
    ]);
    const mail = await PostalMime.parse(bytesOf(messages[0]?.content ?? ""));
    expect(mail.from).toMatchObject({ name: "sender name", address: "sender@yourdomain.com" });
    expect(mail.replyTo?.[0]?.address).toBe("abcd@yourdomain.com");
    expect(mail.subject).toBe("Custom subject line");
    expect(mail.text?.trim()).toBe("This is a Multipart email");
    expect(mail.html?.trim()).toBe("<h1>Test Email</h1>");
    expect(mail.messageId).toBe(`<${id}@yourdomain.com>`);

    const read = await ask(app, "GET", `/v1/messages/${id}`, { key });
    const { data: message } = await read.json<{ data: { deliveries: unknown[] } }>();
    expect(message.deliveries).toEqual([
      {
        click_tracking_id: `${id}:0`,
        email: "recipient@example.com",
        state: "delivered",
        next_attempt_at: null,
        attempts: [
          expect.objectContaining({
            relay: "127.0.0.1",
            result: "success",
            code: null,
            tls: false,
          }),
        ],
      },
    ]);

    await runTail(app, webhook.id);
    const [seen] = await hook.requests();
    const verified: unknown = new Webhook(webhook.secret).verify(seen?.body ?? "", {
      ...seen?.headers,
    });
    expect(verified).toMatchObject({
      event: "delivery_attempt",
      event_type: "delivery_attempt",
      status: "success",
      email: "recipient@example.com",
      click_tracking_id: `${id}:0`,
      from_address: "sender@yourdomain.com",
      tags: "custom-id-value",
      message: expect.stringMatching(
        /^127\.0\.0\.1 accepted message\.\/Remote host said: 250 .*\/$/,
      ),
    });

    const events = await ask(app, "GET", `/v1/events?message_id=${id}`, { key });
    const { data: listed } = await events.json<{ data: Record<string, unknown>[] }>();
    const { id: eventId, machine, ...body } = listed[0] ?? {};
    expect([eventId, machine]).toEqual([seen?.headers["webhook-id"], false]);
    expect(body).toEqual(verified);
  });
});
