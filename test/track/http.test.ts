import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_USER_AGENT } from "../../src/model/fact.ts";
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

const click = (url = "https://x/?a=1&b=2"): Link => {
  return { kind: "click", messageId: id, position: 0, index: 0, url };
};
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

describe("the pixel (T-01)", () => {
  it("is 43 bytes of GIF that nobody keeps, and queues an open", async () => {
    world.d1.reset();
    const headers = { "User-Agent": BROWSER, "CF-Connecting-IP": "192.0.2.7" };
    const answer = await go({ kind: "open", messageId: id, position: 0 }, { headers });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect([answer.status, bytes.length, new TextDecoder().decode(bytes.slice(0, 6))]).toEqual([
      200,
      43,
      "GIF89a",
    ]);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer.headers.get("Content-Type")).toBe("image/gif");
    await world.app.idle();
    expect(queue.facts).toMatchObject([
      {
        kind: "open",
        messageId: id,
        position: 0,
        ip: "192.0.2.7",
        userAgent: BROWSER,
        prefetch: false,
      },
    ]);
    expect(world.d1.calls()).toEqual([]);
  });
});

describe("the redirect (T-02)", () => {
  it("leads to the target without asking the database, and queues a click (A-067)", async () => {
    world.d1.reset();
    const answer = await go(click(), {
      headers: { "User-Agent": PROXY, "Sec-Purpose": "prefetch" },
    });
    expect([answer.status, answer.headers.get("Location")]).toEqual([302, "https://x/?a=1&b=2"]);
    await world.app.idle();
    expect(queue.facts).toMatchObject([
      { kind: "click", url: "https://x/?a=1&b=2", prefetch: true },
    ]);
    expect(world.d1.calls()).toEqual([]);
  });

  it("answers HEAD the same, without a fact", async () => {
    const answer = await go(click(), { method: "HEAD" });
    expect([answer.status, answer.headers.get("Location")]).toEqual([302, "https://x/?a=1&b=2"]);
    await go({ kind: "open", messageId: id, position: 0 }, { method: "HEAD" });
    await world.app.idle();
    expect(queue.facts).toEqual([]);
  });

  it("writes a target beyond ASCII as a URL", async () => {
    const answer = await go(click("https://пример.рф/ü ?q=é"));
    expect(answer.headers.get("Location")).toBe("https://xn--e1afmkfd.xn--p1ai/%C3%BC%20?q=%C3%A9");
  });

  it("still redirects when the queue refuses the fact, or after the purge", async () => {
    const app = { ...world.app, track: () => Promise.reject(new Error("queue down")) };
    expect((await follow(app, await links.urlOf(click()))).status).toBe(302);
    await world.app.idle();
    expect(world.logged).toContain("fact_lost");
    const gone: Link = { ...click(), messageId: "01939d6e-0000-7000-8000-000000000001" };
    expect((await go(gone)).status).toBe(302);
  });

  it("queues no more of a user agent than anybody needs", async () => {
    await go(click(`https://x/${"y".repeat(4_000)}`), {
      headers: { "User-Agent": "U".repeat(9_000) },
    });
    await world.app.idle();
    expect(queue.facts[0]?.userAgent.length).toBe(MAX_USER_AGENT);
    expect(JSON.stringify(queue.facts[0]).length).toBeLessThan(6_000);
  });

  it("never redirects for a changed token: 404, no event (A-068)", async () => {
    const url = await links.urlOf(click());
    const other = await links.urlOf({ kind: "open", messageId: id, position: 0 });
    const wrong = [
      `${ORIGIN}/c/`,
      `${ORIGIN}/c/x`,
      `${ORIGIN}/c//evil.example`,
      `${ORIGIN}/c/https://evil.example/`,
      `${url}x`,
      `${url}/`,
      `${url}%0d%0aLocation:%20https://evil.example`,
      url.replace("/c/E", "/c/%45"),
      url.replace("/c/", "/o/"),
      url.replace("/c/", "/u/"),
      other.replace("/o/", "/c/"),
      other.replace(".gif", ""),
      ...[...url.slice(ORIGIN.length + 3)].map((letter, index) => {
        const at = ORIGIN.length + 3 + index;
        return url.slice(0, at) + (letter === "A" ? "B" : "A") + url.slice(at + 1);
      }),
    ];
    for (const one of wrong) {
      const answer = await follow(world.app, one);
      expect([one, answer.status, answer.headers.get("Location")]).toEqual([one, 404, null]);
    }
    await world.app.idle();
    expect(queue.facts).toEqual([]);
    expect((await follow(world.app, `${url}?utm=1#x`)).status).toBe(302);
  });

  it("takes no other method", async () => {
    for (const link of [click(), { kind: "open", messageId: id, position: 0 } as const]) {
      const answer = await go(link, { method: "POST" });
      expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
    }
    expect(queue.facts).toEqual([]);
  });

  it("is no link without PUBLIC_URL", async () => {
    const answer = await follow({ ...world.app, links: null }, await links.urlOf(click()));
    expect(answer.status).toBe(404);
  });
});

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
