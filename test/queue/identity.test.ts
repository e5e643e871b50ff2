// What a domain gives its mail: links on its own host once that was seen, and signatures by the keys that
// DNS shows. The signatures themselves are judged in test/node.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { consume } from "../../src/queue/consume.ts";
import { batch } from "../../src/store/db.ts";
import { insertDkimKeys } from "../../src/store/dkim-key.ts";
import { newKeys } from "../../src/verify/verify.ts";
import { bytesOf } from "../peers/client.ts";
import { type QueueWorld, queueWorld } from "../support/queue-world.ts";
import { BROWSER, follow, tracking } from "../support/tracking.ts";
import { givenDomain } from "../support/world.ts";

let world: QueueWorld;
const tracked = tracking();
beforeEach(async () => {
  world = await queueWorld({}, { links: tracked.links, track: tracked.track });
});
afterEach(() => world.stop());

const HTML = '<p><a href="https://example.com/x">x</a></p>';

/** What left for one recipient, as the relay has it. */
async function delivered(domain: string): Promise<string> {
  const id = await world.send(["ann@example.com"], { from: `hello@${domain}`, html: HTML });
  await consume(world.app);
  const { messages } = await world.peer.log();
  const contents = messages.map(({ content }) => new TextDecoder().decode(bytesOf(content)));
  const found = contents.find((content) => content.includes(id));
  if (found === undefined) throw new Error("nothing left");
  return found;
}

function hostsOf(content: string): readonly string[] {
  const unfolded = content.replace(/=\r\n/g, "").replaceAll("=3D", "=");
  const urls = unfolded.matchAll(/https:\/\/[a-z.]+\/[oc]\/[\w-]+/g);
  return Array.from(urls, ([url]) => new URL(url).hostname);
}

describe("mail of a domain", () => {
  it("has links on the domain's own host once it was seen, and they work there", async () => {
    await givenDomain("host.example");
    const set =
      "update sender_domains set tracking_host = 'links.host.example', tracking_ready = ?1";
    await env.DB.prepare(`${set} where domain = 'host.example'`).bind(1).run();
    const content = await delivered("host.example");
    expect(new Set(hostsOf(content))).toEqual(new Set(["links.host.example"]));
    const unfolded = content.replace(/=\r\n/g, "").replaceAll("=3D", "=");
    const [url = ""] = /https:\/\/links\.host\.example\/c\/[\w-]+/.exec(unfolded) ?? [];
    const answer = await follow(world.app, url, { headers: { "User-Agent": BROWSER } });
    expect(answer.headers.get("Location")).toBe("https://example.com/x");
  });

  it("has links on the Worker's host until then", async () => {
    await givenDomain("unseen.example");
    await env.DB.prepare(
      "update sender_domains set tracking_host = 'links.unseen.example' where domain = 'unseen.example'",
    ).run();
    expect(new Set(hostsOf(await delivered("unseen.example")))).toEqual(
      new Set(["mail.edgepost.test"]),
    );
  });

  it("is signed by active keys that DNS has shown, and says who sends it", async () => {
    await givenDomain("signed.example");
    const keys = await newKeys(world.app, { domain: "signed.example", ed25519: true });
    const seen = keys.map((key) => ({ ...key, seenAt: key.selector === "ep1e" ? null : 1 }));
    await batch(env.DB, [...insertDkimKeys(env.DB, seen)]);
    const content = await delivered("signed.example");
    const fields = content.slice(0, content.indexOf("\r\n\r\n")).replace(/\r\n[ \t]/g, " ");
    const signatures = fields.split("\r\n").filter((field) => field.startsWith("DKIM-Signature:"));
    expect(signatures.map((field) => /s=(\w+)/.exec(field)?.[1])).toEqual(["ep1"]);
    expect(fields).toMatch(/\r\nFeedback-ID: transactional\d{6}:transactional:edgepost\r\n/);
  });

  it("leaves unsigned, and without Feedback-ID, while no key was seen", async () => {
    await givenDomain("plain.example");
    const content = await delivered("plain.example");
    expect(content).not.toMatch(/^(?:DKIM-Signature|Feedback-ID):/m);
  });

  it("leaves unsigned, and is not lost, when a key does not open", async () => {
    await givenDomain("sealed.example");
    const keys = await newKeys(world.app, { domain: "sealed.example", ed25519: false });
    const broken = keys.map((key) => ({ ...key, seenAt: 1, sealedPrivateKey: "AAAA" }));
    await batch(env.DB, [...insertDkimKeys(env.DB, broken)]);
    expect(await delivered("sealed.example")).not.toMatch(/^DKIM-Signature:/m);
    expect(world.logged).toContain("dkim_key_unreadable");
  });
});
