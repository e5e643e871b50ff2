import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_USER_AGENT } from "../../src/model/fact.ts";
import type { Link } from "../../src/model/link.ts";
import { consume } from "../../src/queue/consume.ts";
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
const go = async (link: Link, init: RequestInit = {}) =>
  follow(world.app, await links.urlOf(link), init);

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
    world.d1.reset();
    expect((await go(gone)).status).toBe(302);
    expect(world.d1.calls()).toEqual([]);
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
      ...Array.from(url.slice(ORIGIN.length + 3), (letter, index) => {
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
