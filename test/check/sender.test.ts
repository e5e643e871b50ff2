// May this key send from this address, in this class? And for how long a domain is remembered.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { checkMailClass, checkSender } from "../../src/check/sender.ts";
import { faultyD1 } from "../support/faults.ts";
import { givenDomain, givenKey, ownClock, testApp } from "../support/world.ts";

const START = Date.UTC(2026, 10, 21, 10);

/** A clock, a D1 that counts, and a domain that nobody has asked for yet. */
function given() {
  const clock = ownClock(START);
  const d1 = faultyD1(env.DB);
  const app = testApp({ now: clock.now, db: d1.db });
  return { clock, d1, app, domain: `d${crypto.randomUUID()}.test` };
}

describe("checkSender", () => {
  it("allows a verified domain, and says which From names may send AMP", async () => {
    const { app, domain } = given();
    await givenDomain(domain, { amp: ["Shop", "*"] });
    const { key } = await givenKey();
    expect(await checkSender(app, key, `a@${domain}`)).toEqual({
      ok: true,
      value: {
        domain,
        verified: true,
        ampFromNames: expect.arrayContaining(["Shop", "*"]),
        tracking: { opens: true, clicks: true },
        gate: "off",
        warmingSince: null,
        published: null,
      },
    });
  });

  it.each([
    ["unknown", null],
    ["unverified", false],
  ])("refuses one that is %s", async (_name, verified) => {
    const { app, domain } = given();
    if (verified !== null) await givenDomain(domain, { verified });
    const { key } = await givenKey();
    expect(await checkSender(app, key, `a@${domain}`)).toEqual({
      ok: false,
      error: { kind: "sender_not_allowed", domain },
    });
  });

  it("refuses a subdomain and a parent of a verified domain", async () => {
    const { app, domain } = given();
    await givenDomain(domain);
    const { key } = await givenKey();
    for (const other of [`mail.${domain}`, "test"]) {
      expect((await checkSender(app, key, `a@${other}`)).ok).toBe(false);
    }
  });

  it("refuses another domain than the key's without asking the database", async () => {
    const { app, d1, domain } = given();
    await givenDomain(domain);
    const { key } = await givenKey({ domain: "other.test" });
    expect((await checkSender(app, key, `a@${domain}`)).ok).toBe(false);
    expect(d1.calls()).toEqual([]);
    const own = await givenKey({ domain });
    expect((await checkSender(app, own.key, `a@${domain}`)).ok).toBe(true);
  });

  it("remembers a verified domain for 25 s, and asks again for any other", async () => {
    const { app, d1, domain, clock } = given();
    const { key } = await givenKey();
    const ask = async () => (await checkSender(app, key, `a@${domain}`)).ok;
    expect(await ask()).toBe(false);
    await givenDomain(domain);
    expect([await ask(), d1.calls().length]).toEqual([true, 2]);
    await env.DB.prepare("update sender_domains set verified = 0 where domain = ?1")
      .bind(domain)
      .run();
    clock.advance(24_999);
    expect([await ask(), d1.calls().length]).toEqual([true, 2]);
    clock.advance(1);
    expect([await ask(), d1.calls().length]).toEqual([false, 3]);
  });
});

describe("checkMailClass", () => {
  it.each([
    [null, null, "transactional"],
    [null, "marketing", "marketing"],
    [null, "transactional", "transactional"],
    ["marketing", null, "marketing"],
    ["marketing", "marketing", "marketing"],
    ["transactional", null, "transactional"],
    ["transactional", "marketing", null],
    ["marketing", "transactional", null],
  ] as const)("of a key for %s that asks for %s is %s", async (own, wanted, mailClass) => {
    const { key } = await givenKey({ mailClass: own });
    expect(checkMailClass(key, wanted)).toEqual(
      mailClass
        ? { ok: true, value: mailClass }
        : { ok: false, error: { kind: "mail_class_not_allowed", mailClass: wanted } },
    );
  });
});
