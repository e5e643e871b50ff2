// The mailbox's JSON API and what it lets a browser do with a stranger's mail.
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Mailbox, startMailbox } from "../../../dev/mailbox.ts";
import { type MailboxStore, openMailboxStore } from "../../../dev/mailbox-store.ts";

const SECRET = `whsec_${Buffer.from("a secret of this test, 32 bytes!").toString("base64")}`;

const RAW = Buffer.from(
  [
    "From: A <a@edgepost.test>",
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
    "MIME-Version: 1.0",
    'Content-Type: multipart/related; boundary="b"',
    "",
    "--b",
    "Content-Type: text/html; charset=utf-8",
    "",
    '<script>alert(1)</script><img src="cid:logo@x"><img src="https://example.com/pixel">',
    "--b",
    "Content-Type: image/png",
    "Content-ID: <logo@x>",
    'Content-Disposition: inline; filename="lo\'go \u00e9.png"',
    "Content-Transfer-Encoding: base64",
    "",
    "AQID",
    "--b--",
    "",
  ].join("\r\n"),
);

let folder: string;
let store: MailboxStore;
let mailbox: Mailbox;
let base: string;
let id: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgepost-mailbox-"));
  store = await openMailboxStore(folder);
  const about = {
    base_url: "http://127.0.0.1:1",
    relay: "local",
    relay_smtp: "127.0.0.1:2",
  } as const;
  mailbox = await startMailbox({ store, port: 0, about, secret: () => SECRET });
  base = `http://127.0.0.1:${mailbox.port}`;
  const mail = { mail_from: "a@edgepost.test", rcpt_to: ["you@example.com"], subject: "Grüße" };
  ({ id } = await store.add(mail, RAW));
});

afterEach(async () => {
  await mailbox.close();
  await rm(folder, { recursive: true });
});

async function getJson(path: string): Promise<unknown> {
  return (await fetch(base + path)).json();
}

describe("the mailbox", () => {
  it("lists messages and deletes them", async () => {
    const list = {
      id,
      mail_from: "a@edgepost.test",
      rcpt_to: ["you@example.com"],
      subject: "Grüße",
    };
    expect(await getJson("/api/messages")).toMatchObject({ data: [list] });
    await fetch(`${base}/api/messages`, { method: "DELETE" });
    expect(await getJson("/api/messages")).toEqual({ data: [] });
    expect((await fetch(`${base}/api/messages/${id}`)).status).toBe(404);
  });

  it("takes a message apart", async () => {
    expect(await getJson(`/api/messages/${id}`)).toMatchObject({
      data: {
        id,
        headers: [{ name: "From" }, { name: "Subject" }, { name: "MIME-Version" }, {}],
        html: expect.stringContaining("<script>"),
        attachments: [{ index: 0, type: "image/png", size: 3, content_id: "logo@x" }],
      },
    });
  });

  it("gives the exact bytes back", async () => {
    const raw = await (await fetch(`${base}/api/messages/${id}/raw`)).arrayBuffer();
    expect(Buffer.from(raw).equals(RAW)).toBe(true);
  });

  it("shows HTML without scripts, own pictures inside, others only when asked for", async () => {
    const response = await fetch(`${base}/api/messages/${id}/html`);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^sandbox allow-popups /);
    expect(policy).not.toMatch(/allow-scripts|allow-same-origin|script-src/);
    expect(policy).toContain("img-src data:;");
    expect(await response.text()).toContain('<img src="data:image/png;base64,AQID">');
    const asked = await fetch(`${base}/api/messages/${id}/html?remote`);
    expect(asked.headers.get("content-security-policy")).toContain("img-src data: http: https:;");
  });

  it("gives attachments as downloads that nothing sniffs", async () => {
    const response = await fetch(`${base}/api/messages/${id}/attachments/0`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from([1, 2, 3]));
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-disposition")).toMatch(
      /^attachment; filename\*=UTF-8''lo%27go%20/,
    );
    expect((await fetch(`${base}/api/messages/${id}/attachments/1`)).status).toBe(404);
  });

  it("tells verified webhooks from others", async () => {
    const body = '{"event":"delivery_attempt"}';
    const now = new Date();
    const signed = {
      "webhook-id": "e1",
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": new Webhook(SECRET).sign("e1", now, body),
    };
    const post = (text: string): Promise<Response> =>
      fetch(`${base}/hooks`, { method: "POST", headers: signed, body: text });
    expect((await post(body)).status).toBe(204);
    expect((await post(`${body} `)).status).toBe(204);
    expect(await getJson("/api/hooks")).toMatchObject({
      data: [
        { body: `${body} `, verified: false },
        { body, verified: true, headers: { "webhook-id": "e1" } },
      ],
    });
    expect((await openMailboxStore(folder)).hooks().map((hook) => hook.verified)).toEqual([
      false,
      true,
    ]);
  });

  it("refuses other host names and posts from web pages", async () => {
    expect(await statusFor("rebound.example.com")).toBe(403);
    expect(await statusFor(`localhost:${mailbox.port}`)).toBe(200);
    const headers = { origin: "https://example.com" };
    const response = await fetch(`${base}/hooks`, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(403);
  });

  it("serves its page under a policy that allows only itself", async () => {
    const page = await fetch(base);
    expect(page.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; script-src 'self';/,
    );
    for (const [, path] of (await page.text()).matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      expect((await fetch(base + path)).status, path).toBe(200);
    }
  });

  it("says at once when something arrived", async () => {
    const response = await fetch(`${base}/api/changes`);
    const reader = response.body?.getReader();
    await reader?.read();
    await store.addHook({ headers: {}, body: "{}", verified: false });
    const news = await reader?.read();
    expect(Buffer.from(news?.value ?? []).toString()).toBe("data: changed\n\n");
    await reader?.cancel();
  });
});

/** fetch() does not let a Host header be chosen. */
function statusFor(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(`${base}/api/messages`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.once("error", reject);
    asked.end();
  });
}
