import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Link } from "../../src/model/link.ts";
import { consume } from "../../src/queue/consume.ts";
import { countOf, events } from "../support/ledger.ts";
import { queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { BROWSER, follow, ORIGIN, PROXY, testLinks, tracking } from "../support/tracking.ts";

const links = testLinks();
let world: QueueWorld;
let queue: ReturnType<typeof tracking>;
let id: string;

beforeEach(async () => {
  queue = tracking();
  world = await queueWorld({}, queue);
  id = await world.send(["ann@example.com"], {
    fromName: "Ann & Co <shop>",
    metadata: { mailClass: "marketing", sendId: "July", listId: "News" },
  });
  await consume(world.app);
  await world.app.idle();
});
afterEach(() => world.stop());

const unsubscribe = (url: string | null = null): Link => {
  return { kind: "unsubscribe", messageId: id, position: 0, address: "ann@example.com", url };
};
const go = async (link: Link, init: RequestInit = {}) =>
  follow(world.app, await links.urlOf(link), init);
const form = (body: string): RequestInit => ({
  method: "POST",
  body,
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
});
const ONE_CLICK = "List-Unsubscribe=One-Click";

describe("the unsubscribe page (T-03)", () => {
  it("names the sender, holds one form, and nothing that runs or loads", async () => {
    const answer = await go(unsubscribe());
    const html = await answer.text();
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([
      200,
      "text/html; charset=utf-8",
    ]);
    expect(html).toContain("<h1>Unsubscribe from Ann &amp; Co &lt;shop&gt;?</h1>");
    expect(html).toContain("ann@example.com");
    expect(html).toContain('<html lang="en">');
    expect(
      html.match(/<form method="post">.*<button type="submit">Unsubscribe<\/button><\/form>/),
    ).not.toBeNull();
    expect(html).not.toMatch(/<script|src=|url\(|http/i);
    const policy = answer.headers.get("Content-Security-Policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; /);
    const style = /<style>(.*)<\/style>/.exec(html)?.[1] ?? "";
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
    expect(policy).toContain(btoa(String.fromCharCode(...new Uint8Array(digest))));
  });

  it("changes nothing by 500 requests of scanners", async () => {
    const before = [await countOf("suppressions"), (await events()).length];
    const url = await links.urlOf(unsubscribe());
    const agents = ["Barracuda Sentinel (EE)", "Mimecast", "Proofpoint", PROXY, BROWSER];
    const methods = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];
    world.d1.reset();
    for (let n = 0; n < 500; n++) {
      const headers = { "User-Agent": agents[n % 5] ?? "", "Sec-Purpose": n % 2 ? "prefetch" : "" };
      const answer = await follow(world.app, url, {
        method: methods[Math.floor(n / 5) % 5] ?? "GET",
        headers,
      });
      await answer.arrayBuffer();
      expect([200, 405]).toContain(answer.status);
    }
    await world.app.idle();
    expect([world.d1.rowsWritten(), queue.facts]).toEqual([0, []]);
    expect([await countOf("suppressions"), (await events()).length]).toEqual(before);
  });
});

describe("unsubscribing (T-04)", () => {
  const told = async () => (await events()).filter(({ name }) => name === "unsubscribe");

  it("takes the one-click form, once, committed before its 200 (A-071)", async () => {
    for (let n = 0; n < 3; n++) {
      const answer = await go(unsubscribe(), form(ONE_CLICK));
      expect([answer.status, answer.headers.get("Location")]).toEqual([200, null]);
      expect(await told()).toMatchObject([
        {
          name: "unsubscribe",
          email: "ann@example.com",
          messageId: id,
          position: 0,
          sendId: "july",
        },
      ]);
    }
    expect(await countOf("suppressions")).toBe(1);
  });

  it("takes it as multipart too (RFC 8058 §3.1)", async () => {
    const body = new FormData();
    body.set("List-Unsubscribe", "One-Click");
    expect((await go(unsubscribe(), { method: "POST", body })).status).toBe(200);
    expect(await told()).toHaveLength(1);
  });

  it("takes the page's form and says so", async () => {
    const answer = await go(unsubscribe(), form("confirm=yes"));
    expect([answer.status, await answer.text()]).toEqual([
      200,
      expect.stringContaining("You are unsubscribed from Ann &amp; Co"),
    ]);
    expect(await told()).toHaveLength(1);
  });

  it("leads on to the sender's page with email, sendid and listid (A-070)", async () => {
    const link = unsubscribe("https://ex.com/bye?x=%20a#end");
    const page = await go(link);
    expect(page.headers.get("Content-Security-Policy")).toContain(
      "form-action 'self' https://ex.com;",
    );
    const answer = await go(link, form("confirm=yes"));
    expect([answer.status, answer.headers.get("Location")]).toEqual([
      303,
      "https://ex.com/bye?x=%20a&email=ann%40example.com&sendid=july&listid=news#end",
    ]);
    expect((await go(link, form(ONE_CLICK))).status).toBe(200);
    expect(await told()).toHaveLength(1);
  });

  it.each(["", "x=1", "List-Unsubscribe=", "confirm=no", `x=${"y".repeat(5_000)}&${ONE_CLICK}`])(
    "refuses a body that says something else: %#",
    async (body) => {
      expect((await go(unsubscribe(), form(body))).status).toBe(400);
      expect(await countOf("suppressions")).toBe(0);
    },
  );

  it("answers 503 when it was not committed, and can be repeated", async () => {
    world.d1.plan({ on: ({ kind }) => kind === "batch", mode: "before" });
    const failed = await go(unsubscribe(), form(ONE_CLICK));
    expect([failed.status, failed.headers.get("Retry-After")]).toEqual([503, "5"]);
    world.d1.plan({ on: ({ kind }) => kind === "batch", mode: "after", times: 1 });
    expect((await go(unsubscribe(), form(ONE_CLICK))).status).toBe(200);
    expect([await countOf("suppressions"), (await told()).length]).toEqual([1, 1]);
  });

  it("works after the message was purged", async () => {
    const gone: Link = { ...unsubscribe(), messageId: "01939d6e-0000-7000-8000-000000000001" };
    expect(await (await go(gone)).text()).toContain("Unsubscribe from this sender?");
    expect((await go(gone, form(ONE_CLICK))).status).toBe(200);
    expect(await countOf("suppressions")).toBe(1);
  });

  it("never happens for a changed token", async () => {
    const url = await links.urlOf(unsubscribe());
    for (const wrong of [
      `${url}A`,
      url.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
      `${ORIGIN}/u/x`,
    ]) {
      expect((await follow(world.app, wrong, form(ONE_CLICK))).status).toBe(404);
    }
    expect(await countOf("suppressions")).toBe(0);
  });

  it("stops marketing and lets receipts through (A-072)", async () => {
    await go(unsubscribe(), form(ONE_CLICK));
    const body = (mailClass: string) => ({
      email: {
        from: "sender@edgepost.test",
        subject: "x",
        text: "x",
        recipients: { to: [{ email: "Ann@example.com" }] },
      },
      metadata: { mailClass },
    });
    const refused = await world.post(body("marketing"));
    expect([refused.status, await refused.json()]).toMatchObject([422, { statusCode: 1010 }]);
    expect((await world.post(body("transactional"))).status).toBe(200);
  });
});
