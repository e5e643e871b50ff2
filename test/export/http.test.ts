// The link of an export: a file for whoever has it, until it expires, and nothing for whoever changed it.
import { beforeEach, describe, expect, it } from "vitest";
import { answerFile } from "../../src/export/http.ts";
import { fileLinksOf } from "../../src/track/token.ts";
import { type ExportWorld, exportWorld, givenEvents, type Seen } from "../support/export-world.ts";
import { testLinks, tokenOf } from "../support/tracking.ts";
import { ask, testApp } from "../support/world.ts";

const DAY = 24 * 60 * 60 * 1000;

let world: ExportWorld;
let seen: Seen;
let link = "";

beforeEach(async () => {
  world = await exportWorld();
  await givenEvents(10);
  const { id } = await world.order({ kind: "events", format: "csv", from: "2026-11-01" });
  await world.drain();
  seen = await world.get(id);
  link = seen.link ?? "";
});

async function follow(url: string, init: RequestInit = {}): Promise<Response> {
  const answer = await answerFile(world.app, new Request(url, init));
  if (!answer) throw new Error(`${url} is no link to a file`);
  return answer;
}

describe("the link of a finished export", () => {
  it("gives the file without an API key, to be kept and not to be shown", async () => {
    const answer = await follow(link);
    expect([answer.status, Object.fromEntries(answer.headers)]).toEqual([
      200,
      {
        "cache-control": "no-store",
        "content-disposition": 'attachment; filename="events-2026-11-01-2026-11-21.csv"',
        "content-length": String(seen.size),
        "content-type": "text/csv; charset=utf-8",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-robots-tag": "noindex",
      },
    ]);
    expect((await answer.arrayBuffer()).byteLength).toBe(seen.size);
  });

  it("tells its size to HEAD, and takes nothing else", async () => {
    const head = await follow(link, { method: "HEAD" });
    expect([head.status, head.headers.get("Content-Length"), await head.text()]).toEqual([
      200,
      String(seen.size),
      "",
    ]);
    const post = await follow(link, { method: "POST" });
    expect([post.status, post.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("leads to where the request came from, or to PUBLIC_URL", async () => {
    expect(link.startsWith("https://api.edgepost.test/x/")).toBe(true);
    const config = { ...world.app.config, publicUrl: "https://mail.edgepost.test" };
    const answer = await ask({ ...world.app, config }, "GET", `/v1/exports/${seen.id}`, {
      key: world.key,
    });
    expect(await answer.text()).toContain("https://mail.edgepost.test/x/");
  });

  it("is 410 once it has expired, was deleted, or its file is gone, and says so", async () => {
    expect(Date.parse(seen.expires_at) - world.clock.now()).toBeGreaterThan(6.9 * DAY);
    const [file = ""] = (await world.app.blobs.list({ prefix: "exports/" })).objects;
    const { id } = await world.order({ kind: "events", format: "csv" });
    await world.drain();
    const other = (await world.get(id)).link ?? "";
    await ask(world.app, "DELETE", `/v1/exports/${id}`, { key: world.key });
    expect((await follow(other)).status).toBe(410);
    await world.app.blobs.delete(file === "" ? [] : file.key);
    expect([(await follow(link)).status, (await follow(link, { method: "HEAD" })).status]).toEqual([
      410, 410,
    ]);
    world.clock.advance(8 * DAY);
    const gone = await follow(link);
    expect([gone.status, await gone.text()]).toEqual([410, expect.stringContaining("expired")]);
  });

  it("is 404 when it was changed by any one character, or is a link of a mail", async () => {
    const start = link.lastIndexOf("/") + 1;
    for (let n = start; n < link.length; n++) {
      const other = link[n] === "A" ? "B" : "A";
      const changed = await follow(link.slice(0, n) + other + link.slice(n + 1));
      expect([n, changed.status]).toEqual([n, 404]);
    }
    const messageId = seen.id;
    const open = await tokenOf(testLinks(), { kind: "open", messageId, position: 0 });
    expect((await follow(link.slice(0, start) + open)).status).toBe(404);
    expect((await follow(link.slice(0, start))).status).toBe(404);
    expect(await testLinks().read("open", link.slice(start))).toBeNull();
  });

  it("goes on to work when the keys of links rotate, and not under another's key", async () => {
    const secret = new Uint8Array(32).fill(7);
    const rotated = { ...world.app.config, linkKeys: [{ id: "a", secret }] };
    const token = link.slice(link.lastIndexOf("/") + 1);
    expect(await fileLinksOf(rotated).read(token)).toEqual({ kind: "export", exportId: seen.id });
    const foreign = { ...testApp().config, encryptionKey: btoa("x".repeat(32)) };
    expect(await fileLinksOf(foreign).read(token)).toBeNull();
  });

  it("is 503 while storage does not answer", async () => {
    world.r2.plan({ on: ({ name }) => name === "get", mode: "before" });
    const answer = await follow(link);
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "5"]);
    expect(world.logged.at(-1)).toBe("file_failed");
  });
});

it("leaves other paths to others", async () => {
  for (const path of ["/", "/v1/exports", "/o/x.gif", "/xx/y"]) {
    expect(await answerFile(world.app, new Request(`https://api.edgepost.test${path}`))).toBeNull();
  }
});
