// Who may post a message as its sender made it, to whom, and how often it counts (A-038, decision 3).
import { describe, expect, it } from "vitest";
import { countOf } from "../../support/ledger.ts";
import { PLAIN, postRaw } from "../../support/raw.ts";
import { givenDomain, givenKey } from "../../support/world.ts";
import { expectError, native } from "./native.ts";
import { rawWire } from "./raw-wire.ts";

const { app, key, post, ask, refused } = rawWire();

describe("an envelope", () => {
  it.each([
    ["", "X-Envelope-To"],
    [",", "X-Envelope-To[0]"],
    ["a@example.com,", "X-Envelope-To[1]"],
    ["a@example.com,b", "X-Envelope-To[1]"],
    ["<a@example.com>", "X-Envelope-To[0]"],
    ["a@example.com> NOTIFY=NEVER", "X-Envelope-To[0]"],
    [Array.from({ length: 1_001 }, (_, n) => `a${n}@b.test`).join(","), "X-Envelope-To"],
    [`a@example.com,${"x".repeat(60_000)}`, "X-Envelope-To"],
  ])("to %j is refused", async (to, field) => {
    await refused(await post(PLAIN, { "X-Envelope-To": to }), field);
  });

  it("is named by where it stood", async () => {
    const headers = { "Content-Type": "message/rfc822" };
    const at = (path: string, own = {}) => ask("POST", path, PLAIN, { ...headers, ...own });
    await refused(await at("/v1/send-raw?to=a"), "to[0]");
    await refused(await at("/v1/send-raw"), "X-Envelope-To");
    await refused(await at("/v1/send-raw?to=a@b.test&to=c@d.test"), "to");
    await refused(
      await at("/v1/send-raw?to=a@b.test", { "X-Envelope-To": "a@b.test" }),
      "X-Envelope-To",
    );
    await refused(await at(`/v1/send-raw?to=a@b.test&from=${"x".repeat(321)}`), "from");
    await refused(
      await at("/v1/send-raw?to=a@b.test", { "X-Envelope-From": "ä" }),
      "X-Envelope-From",
    );
  });

  it("has as many recipients as the plan of the account allows", async () => {
    const plan = (name: string) =>
      native(app(), key(), { method: "PATCH", path: "/v1/account", body: { plan: name } });
    await plan("starter");
    const to = (n: number) => Array.from({ length: n }, (_, i) => `a${i}@b.test`).join(",");
    await refused(await post(PLAIN, { "X-Envelope-To": to(51) }), "X-Envelope-To");
    expect((await post(PLAIN, { "X-Envelope-To": to(50) })).status).toBe(200);
    await plan("local");
  });

  it("takes 1,000 recipients in 60,000 characters", async () => {
    const to = Array.from({ length: 1_000 }, (_, n) => `${"x".repeat(40)}${n}@example.com`);
    const answer = await post(PLAIN, { "X-Envelope-To": to.join(",") });
    expect(answer.status).toBe(200);
    expect(await countOf("deliveries")).toBe(1_000);
  });
});

describe("the door", () => {
  it("takes message/rfc822 and nothing else, of a key that may send", async () => {
    for (const type of ["application/json", "text/plain", ""]) {
      const answer = await post(PLAIN, { "Content-Type": type });
      const message = await expectError(answer, { status: 415, code: "unsupported_media_type" });
      expect(message).toContain("message/rfc822");
    }
    const type = { "Content-Type": "Message/RFC822; charset=utf-8" };
    expect((await post(PLAIN, type)).status).toBe(200);
    const reader = await givenKey({ scopes: ["read", "manage"] });
    const answer = await postRaw(app(), reader.secret, PLAIN);
    await expectError(answer, { status: 403, code: "insufficient_scope" });
    await expectError(await postRaw(app(), "x", PLAIN), { status: 401, code: "unauthorized" });
  });

  it("binds the message to the key's domain and class", async () => {
    await givenDomain("other.test");
    const bound = await givenKey({ domain: "other.test", mailClass: "marketing" });
    const answer = await postRaw(app(), bound.secret, PLAIN);
    await expectError(answer, { status: 403, code: "sender_not_allowed" });
    const fine = await postRaw(app(), bound.secret, PLAIN.replace("@edgepost.test", "@other.test"));
    const id = fine.headers.get("X-Message-Id") ?? "";
    expect(await native(app(), key(), { path: `/v1/messages/${id}` })).toMatchObject({
      mail_class: "marketing",
    });
  });

  it("honours an Idempotency-Key: same message and envelope, one message", async () => {
    const once = { "Idempotency-Key": "once" };
    const first = await post(PLAIN, once);
    const second = await post(PLAIN, once);
    expect(second.headers.get("Idempotent-Replayed")).toBe("true");
    expect(second.headers.get("X-Message-Id")).toBe(first.headers.get("X-Message-Id"));
    for (const [body, headers] of [
      [`${PLAIN}x`, once],
      [PLAIN, { ...once, "X-Envelope-To": "b@example.com" }],
      [PLAIN, { ...once, "X-Envelope-From": "b@example.com" }],
    ] as const) {
      await expectError(await post(body, headers), { status: 422, code: "idempotency_key_reused" });
    }
    expect(await countOf("messages")).toBe(1);
  });
});
