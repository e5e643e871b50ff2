// Sender domains in SQL: their AMP approvals, and whose default sender counts.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  findDefaultSender,
  findPublished,
  findSenderDomain,
} from "../../src/store/sender-domain.ts";
import { givenDomain } from "../support/world.ts";

beforeEach(async () => {
  await env.DB.batch(
    ["sender_domains", "amp_approvals"].map((table) => env.DB.prepare(`delete from ${table}`)),
  );
});

describe("findSenderDomain", () => {
  it("gives a domain with the From names that may send AMP", async () => {
    await givenDomain("a.test", { amp: ["O'\"Shop", "*"] });
    await givenDomain("b.test", { amp: ["other"], verified: false });
    expect(await findSenderDomain(env.DB, "a.test")).toEqual({
      domain: "a.test",
      verified: true,
      ampFromNames: ["*", "O'\"Shop"],
      tracking: { opens: true, clicks: true },
      gate: "off",
      warmingSince: null,
      published: null,
    });
    expect(await findSenderDomain(env.DB, "b.test")).toMatchObject({ verified: false });
  });

  it("reads what DNS showed only where a gate is on", async () => {
    await givenDomain("gated.test", { bounceDomain: "bounce.gated.test" });
    const update =
      "update sender_domains set gate = ?1, records = '[]' where domain = 'gated.test'";
    const read = async (gate: string) => {
      await env.DB.prepare(update).bind(gate).run();
      return findSenderDomain(env.DB, "gated.test");
    };
    expect(await read("off")).toMatchObject({ gate: "off", published: null });
    const published = { records: [], bounceDomain: "bounce.gated.test" };
    expect(await read("block")).toMatchObject({ gate: "block", published });
    expect(await findPublished(env.DB, "gated.test")).toEqual(published);
    const nothing = { records: null, bounceDomain: null };
    expect(await findPublished(env.DB, "nobody.test")).toEqual(nothing);
  });

  it("tells what of its mail may be tracked", async () => {
    await givenDomain("a.test", { tracking: { opens: false, clicks: true } });
    await givenDomain("b.test", { tracking: { opens: true, clicks: false } });
    const tracking = async (domain: string) => (await findSenderDomain(env.DB, domain))?.tracking;
    expect([await tracking("a.test"), await tracking("b.test")]).toEqual([
      { opens: false, clicks: true },
      { opens: true, clicks: false },
    ]);
  });

  it.each(["A.test", "test", "%", "", "a.test' or 1=1 --"])("knows no %j", async (domain) => {
    await givenDomain("a.test");
    expect(await findSenderDomain(env.DB, domain)).toBeNull();
  });
});

describe("findDefaultSender", () => {
  async function date(domain: string, createdAt: number, name: string | null): Promise<void> {
    const sql = "update sender_domains set created_at = ?2, default_name = ?3 where domain = ?1";
    await env.DB.prepare(sql).bind(domain, createdAt, name).run();
  }

  it("is nobody where none is configured", async () => {
    expect(await findDefaultSender(env.DB, null)).toBeNull();
    await givenDomain("a.test");
    expect(await findDefaultSender(env.DB, null)).toBeNull();
  });

  it("is the one of the oldest verified domain that has one", async () => {
    await givenDomain("a.test", { defaultSender: "x@a.test" });
    await givenDomain("b.test", { defaultSender: "x@b.test" });
    await givenDomain("c.test", { defaultSender: "x@c.test", verified: false });
    await givenDomain("d.test");
    await date("a.test", 3, "A");
    await date("b.test", 2, null);
    await date("c.test", 1, "C");
    expect(await findDefaultSender(env.DB, null)).toEqual({ address: "x@b.test", name: "" });
    await date("b.test", 4, "B");
    expect(await findDefaultSender(env.DB, null)).toEqual({ address: "x@a.test", name: "A" });
  });
});
