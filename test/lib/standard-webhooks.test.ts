import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { makeWebhookSecret, signWebhook } from "../../src/lib/standard-webhooks.ts";

const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** Headers as a receiver gets them, signed now with the given secrets. */
async function signed(secrets: readonly string[], body: string, at = Date.now()) {
  const timestamp = Math.floor(at / 1000);
  return {
    "webhook-id": ID,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": await signWebhook(secrets, { id: ID, timestamp, body }),
  };
}

const verify = (secret: string, body: string, headers: Record<string, string>) =>
  new Webhook(secret).verify(body, headers);

describe("signWebhook", () => {
  const body = '{"test": 2432232314}';

  it("makes the specification's fixed vector", async () => {
    const message = { id: ID, timestamp: 1_614_265_330, body };
    expect(await signWebhook([SECRET], message)).toBe(
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    );
  });

  it("agrees with the reference library's own signature", async () => {
    const at = new Date(1_700_000_000_000);
    const message = { id: ID, timestamp: 1_700_000_000, body };
    expect(await signWebhook([SECRET], message)).toBe(new Webhook(SECRET).sign(ID, at, body));
  });

  it("is verified by the reference library", async () => {
    expect(verify(SECRET, body, await signed([SECRET], body))).toEqual(JSON.parse(body));
  });

  it("is verified for bodies beyond ASCII", async () => {
    const wide = JSON.stringify({ text: "Grüße 🎉 \u2028" });
    expect(verify(SECRET, wide, await signed([SECRET], wide))).toEqual(JSON.parse(wide));
  });

  it("is verified with either secret while they rotate", async () => {
    const [old, fresh] = [makeWebhookSecret(), makeWebhookSecret()];
    const headers = await signed([fresh, old], body);
    expect(headers["webhook-signature"].split(" ")).toHaveLength(2);
    expect(verify(old, body, headers)).toEqual(JSON.parse(body));
    expect(verify(fresh, body, headers)).toEqual(JSON.parse(body));
  });

  it.each([
    ["another body", { body: `${body} ` }, {}],
    ["another id", {}, { "webhook-id": "msg_other" }],
    ["another secret", { secret: makeWebhookSecret() }, {}],
    ["another time", {}, { "webhook-timestamp": String(Math.floor(Date.now() / 1000) - 10) }],
    ["a missing signature", {}, { "webhook-signature": "" }],
    ["an unknown version only", {}, { "webhook-signature": "v2,AAAA" }],
    ["a part of the signature", {}, { "webhook-signature": "v1,g0hM9SsE" }],
  ])("is refused with %s", async (_what, given: { body?: string; secret?: string }, headers) => {
    const good = await signed([SECRET], body);
    const changed = { ...good, ...headers };
    expect(() => verify(given.secret ?? SECRET, given.body ?? body, changed)).toThrow();
  });

  it.each([-6, 6])("is refused %i minutes away from now", async (minutes) => {
    const headers = await signed([SECRET], body, Date.now() + minutes * 60_000);
    expect(() => verify(SECRET, body, headers)).toThrow(/timestamp/i);
  });

  it("throws on a secret that is none", async () => {
    const message = { id: ID, timestamp: 1, body };
    await expect(signWebhook(["plain"], message)).rejects.toThrow("whsec_");
    await expect(signWebhook(["whsec_"], message)).rejects.toThrow("whsec_");
  });
});

describe("makeWebhookSecret", () => {
  it("is whsec_ and base64 of 32 bytes, never the same", () => {
    const secrets = Array.from({ length: 50 }, makeWebhookSecret);
    for (const secret of secrets) {
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    }
    expect(new Set(secrets).size).toBe(50);
  });
});
