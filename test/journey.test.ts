// One message through the real doors: POST → D1 → consumer → relay peer → state → signed webhook. The
// wire is judged by others: postal-mime reads the mail, standardwebhooks the signature.
import PostalMime from "postal-mime";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";
import type { App } from "../src/app.ts";
import { receiveMail } from "../src/inbound/mail.ts";
import { consume } from "../src/queue/consume.ts";
import { runTail } from "../src/notify/tail.ts";
import { recordFacts } from "../src/track/consume.ts";
import { ABUSE, arf, dsn, FAILED_GROUP, filled, incoming, REDACTED } from "./inbound/mails.ts";
import {
  bytesOf,
  type HttpReceiver,
  type SmtpPeer,
  startHttpReceiver,
  startSmtpPeer,
} from "./peers/client.ts";
import { BROWSER, follow, PROXY, tracking } from "./support/tracking.ts";
import { appWithRelay, ask, givenDomain, givenKey, type TestApp } from "./support/world.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function given(
  overrides: Partial<App> = {},
): Promise<{ peer: SmtpPeer; hook: HttpReceiver; app: TestApp; key: string }> {
  const peer = await startSmtpPeer();
  const hook = await startHttpReceiver();
  stops.push(peer.stop, hook.stop);
  await givenDomain("yourdomain.com");
  const { secret } = await givenKey();
  return { peer, hook, app: appWithRelay(peer, overrides), key: secret };
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

  it("goes on: opened by a person and a proxy, clicked, unsubscribed, and what follows", async () => {
    const queue = tracking();
    const { peer, hook, app, key } = await given(queue);
    const events = ["open", "click", "unsubscribe"];
    const asked = { key, body: { url: hook.url, events } };
    const created = await ask(app, "POST", "/v1/webhooks", asked);
    const { data: webhook } = await created.json<{ data: { id: string; secret: string } }>();
    const newsletter = {
      email: {
        ...SEED.email,
        html: '<p><a href="https://shop.example/?a=1&amp;b=2">Look</a></p>',
        recipients: { to: [{ email: "reader@example.com" }] },
      },
      metadata: { mailClass: "marketing", messageId: "news-1", sendId: "News" },
    };
    const answer = await ask(app, "POST", "/v1/send-email", { key, body: newsletter });
    const id = answer.headers.get("X-Message-Id") ?? "";
    await consume(app);
    await app.idle();
    const { messages } = await peer.log();
    const mail = await PostalMime.parse(bytesOf(messages[0]?.content ?? ""));
    const pixel = /<img src="([^"]+)"/.exec(mail.html ?? "")?.[1] ?? "";
    const link = /<a href="([^"]+)"/.exec(mail.html ?? "")?.[1] ?? "";
    const unsubscribe = mail.headers.find((field) => field.key === "list-unsubscribe")?.value ?? "";

    // A person reads it a minute later, through a proxy too.
    const later = { ...app, now: () => Date.now() + 60_000 };
    const by = (agent: string) => ({
      headers: { "User-Agent": agent, "CF-Connecting-IP": "192.0.2.7" },
    });
    expect((await follow(later, pixel, by(BROWSER))).headers.get("Content-Type")).toBe("image/gif");
    await follow(later, pixel, by(PROXY));
    const redirect = await follow(later, link, by(BROWSER));
    expect(redirect.headers.get("Location")).toBe("https://shop.example/?a=1&b=2");
    await app.idle();
    await recordFacts(later, queue.facts);
    const one = { method: "POST", body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }) };
    expect((await follow(later, unsubscribe.slice(1, -1), one)).status).toBe(200);

    await runTail(later, webhook.id);
    const posted = await hook.requests();
    const told = posted.map(({ body, headers }): unknown =>
      new Webhook(webhook.secret).verify(body, { ...headers }),
    );
    const base = {
      email: "reader@example.com",
      click_tracking_id: `${id}:0`,
      tags: "news-1",
      sendid: "news",
      timestamp: expect.stringMatching(/^\d{10}$/),
    };
    const visit = { engine_ip: "192.0.2.7", user_agent: BROWSER };
    const open = { ...base, ...visit, event: "open", event_type: "engine_open" };
    const click_url = "https://shop.example/?a=1&b=2";
    expect(told).toHaveLength(4);
    expect(told).toEqual(
      expect.arrayContaining([
        open,
        { ...open, user_agent: PROXY },
        { ...base, ...visit, event: "click", event_type: "engine_click", click_url },
        { ...base, event: "unsubscribe", event_type: "engine_unsub" },
      ]),
    );
    const read = await ask(app, "GET", `/v1/messages/${id}`, { key });
    const { data } = await read.json<{
      data: { tracking: unknown; timeline: { event: string }[] };
    }>();
    expect(data.tracking).toEqual({
      opens: { people: 1, machines: 1, unique: 1 },
      clicks: { people: 1, machines: 0, unique: 1 },
    });
    expect(data.timeline.map(({ event }) => event)).toEqual([
      "accepted",
      "attempt",
      "open",
      "open",
      "click",
      "unsubscribe",
    ]);

    const tomorrow = Date.now() + 24 * 60 * 60 * 1000;
    const counted = await ask(app, "GET", `/v1/stats?tag=news-1&to=${tomorrow}`, { key });
    const { data: stats } = await counted.json<{ data: { total: { counts: unknown } } }>();
    expect(stats.total.counts).toMatchObject({
      accepted: 1,
      delivered: 1,
      opens: 1,
      opens_unique: 1,
      opens_machine: 1,
      clicks: 1,
      clicks_unique: 1,
      unsubscribes: 1,
    });

    const next = await ask(app, "POST", "/v1/send-email", { key, body: newsletter });
    expect([next.status, await next.json()]).toMatchObject([422, { statusCode: 1010 }]);
    const receipt = { ...newsletter, metadata: { mailClass: "transactional" } };
    expect((await ask(app, "POST", "/v1/send-email", { key, body: receipt })).status).toBe(200);
    await consume(app);
    await app.idle();
    expect((await peer.log()).messages.map(({ to }) => to[0])).toEqual([
      "reader@example.com",
      "reader@example.com",
    ]);
  });

  it("comes back: a bounce mail turns delivered into bounced, a complaint suppresses", async () => {
    const { peer, hook, app, key } = await given();
    await givenDomain("yourdomain.com", { bounceDomain: "bounce.yourdomain.com" });
    const events = ["bounce_all", "bounce_bad_address", "spam_complaint"];
    const asked = { key, body: { url: hook.url, events } };
    const created = await ask(app, "POST", "/v1/webhooks", asked);
    const { data: webhook } = await created.json<{ data: { id: string; secret: string } }>();
    const to = [{ email: "gone@example.com" }, { email: "angry@example.com" }];
    const body = { ...SEED, email: { ...SEED.email, recipients: { to } } };
    const answer = await ask(app, "POST", "/v1/send-email", { key, body });
    const id = answer.headers.get("X-Message-Id") ?? "";
    await consume(app);
    await app.idle();
    const { messages } = await peer.log();
    const [gone = "", angry = ""] = messages.map(({ from }) => from);
    expect(gone).toMatch(/^b\+[a-z2-7]+@bounce\.yourdomain\.com$/);

    // The platform hands over what came to the return path, and to the address for complaints.
    const about = { messageId: id, email: "gone@example.com", returnPath: gone };
    const bounce = filled(dsn([FAILED_GROUP]), about);
    expect(await receiveMail(app, incoming(bounce, gone))).toBeNull();
    const report = filled(arf(ABUSE, REDACTED.token), { ...about, returnPath: angry });
    const fbl = "fbl@bounce.yourdomain.com";
    expect(await receiveMail(app, incoming(report, fbl, "x@isp.example"))).toBeNull();
    await app.idle();

    await runTail(app, webhook.id);
    const told = (await hook.requests()).map(({ body: posted, headers }): unknown =>
      new Webhook(webhook.secret).verify(posted, { ...headers }),
    );
    const base = {
      email: "gone@example.com",
      click_tracking_id: `${id}:0`,
      tags: "custom-id-value",
      sendid: expect.any(String),
      timestamp: expect.stringMatching(/^\d{10}$/),
    };
    const hard = { bounce_code: "10", bounce_type: "h", listid: "transactional" };
    const bounce_text = expect.stringContaining("550 5.1.1");
    const all = { ...base, ...hard, bounce_text, event: "bounce_all", event_type: "bounce_all" };
    expect(told).toHaveLength(3);
    expect(told).toEqual(
      expect.arrayContaining([
        all,
        { ...all, event: "bounce_bad_address", event_type: "bounce_bad_address" },
        {
          ...base,
          email: "angry@example.com",
          click_tracking_id: `${id}:1`,
          event: "spam_complaint",
          event_type: "scomp",
        },
      ]),
    );
    const read = await ask(app, "GET", `/v1/messages/${id}`, { key });
    const { data } = await read.json<{
      data: { deliveries: { state: string }[]; timeline: { event: string }[] };
    }>();
    expect(data.deliveries.map(({ state }) => state)).toEqual(["bounced", "delivered"]);
    expect(data.timeline.slice(-2).map(({ event }) => event)).toEqual(["bounce", "complaint"]);
    const next = await ask(app, "POST", "/v1/send-email", { key, body });
    expect([next.status, await next.json()]).toMatchObject([422, { statusCode: 1010 }]);
    await givenDomain("yourdomain.com");
  });

  it("is the same for a message that came as MIME: tracked, opened, clicked", async () => {
    const queue = tracking();
    const { peer, app, key } = await given(queue);
    const message = [
      "From: sender@yourdomain.com",
      "X-Kasplo-Click-Tracking-ID: raw-1",
      "Content-Type: text/html; charset=utf-8",
      "",
      '<p><a href="https://shop.example/?a=1">Look</a></p>',
      "",
    ].join("\r\n");
    const headers = { "Content-Type": "message/rfc822", "X-Envelope-To": "reader@example.com" };
    const answer = await ask(app, "POST", "/v1/send-raw", { key, body: message, headers });
    const id = answer.headers.get("X-Message-Id") ?? "";
    await consume(app);
    await app.idle();
    const { messages } = await peer.log();
    const mail = await PostalMime.parse(bytesOf(messages[0]?.content ?? ""));
    const later = { ...app, now: () => Date.now() + 60_000 };
    const by = { headers: { "User-Agent": BROWSER, "CF-Connecting-IP": "192.0.2.7" } };
    await follow(later, /<img src="([^"]+)"/.exec(mail.html ?? "")?.[1] ?? "", by);
    const link = /<a href="([^"]+)"/.exec(mail.html ?? "")?.[1] ?? "";
    const redirect = await follow(later, link, by);
    expect(redirect.headers.get("Location")).toBe("https://shop.example/?a=1");
    await recordFacts(later, queue.facts);
    const events = await ask(app, "GET", `/v1/events?message_id=${id}&order=asc`, { key });
    const { data } = await events.json<{ data: { event: string; tags: string }[] }>();
    expect(data.map(({ event, tags }) => [event, tags])).toEqual([
      ["delivery_attempt", "raw-1"],
      ["open", "raw-1"],
      ["click", "raw-1"],
    ]);
  });

  it("arrives as it was posted: texts, names and files byte for byte", async () => {
    const { peer, app, key } = await given();
    const files = {
      "Übersicht.pdf": "%PDF-1.7\n\u0000\u0001\u00ff\r\n.\r\n",
      "plot.png": "\u0089PNG\r\n\u001a\n\u0000binary",
      "rows.csv": "a,b\r\n.\r\n1,2\r\n",
    };
    const text = "Grüße\n.\n..two dots\nFrom here\n";
    const html = '<p>Grüße 🎉</p><img src="cid:plot">';
    const body = {
      email: {
        from: "sender@yourdomain.com",
        fromName: 'Jürgen, "Chef"',
        subject: "Grüße – 件名",
        text,
        html,
        recipients: {
          to: [{ email: "ann@example.com", name: "Ann Ümläut" }],
          cc: [{ email: "bob@example.com" }],
          bcc: [{ email: "hidden@example.com" }],
        },
        attachments: Object.entries(files).map(([filename, content]) => ({
          filename,
          content: btoa(content),
          ...(filename === "plot.png" ? { contentId: "plot" } : {}),
        })),
      },
    };
    const answer = await ask(app, "POST", "/v1/send-email", { key, body });
    expect(answer.status).toBe(200);
    await consume(app);
    const { messages, bareCr, bareLf } = await peer.log();
    expect([messages.map(({ to }) => to[0]), bareCr, bareLf]).toEqual([
      ["ann@example.com", "bob@example.com", "hidden@example.com"],
      0,
      0,
    ]);
    for (const message of messages) {
      const mail = await PostalMime.parse(bytesOf(message.content));
      expect(mail.from).toMatchObject({ name: 'Jürgen, "Chef"', address: "sender@yourdomain.com" });
      expect(mail.to).toMatchObject([{ name: "Ann Ümläut", address: "ann@example.com" }]);
      expect(mail.cc).toMatchObject([{ address: "bob@example.com" }]);
      expect(mail.subject).toBe("Grüße – 件名");
      expect(mail.text?.replaceAll("\r\n", "\n").trimEnd()).toBe(text.trimEnd());
      expect(mail.html?.trimEnd()).toBe(html);
      const received = mail.attachments.map(({ filename, content }) => [filename, latin1(content)]);
      expect(Object.fromEntries(received)).toEqual(files);
      expect(latin1(bytesOf(message.content))).not.toContain("hidden@");
    }
  });
});

/** Bytes as a text of the same length. */
function latin1(content: ArrayBuffer | Uint8Array | string): string {
  if (typeof content === "string") return content;
  return Array.from(new Uint8Array(content), (byte) => String.fromCharCode(byte)).join("");
}
