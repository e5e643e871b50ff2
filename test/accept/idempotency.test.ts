// Idempotency-Key (decision 3, reliability §4.4): one key, one message, the first answer again.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { faultyD1 } from "../support/faults.ts";
import { countOf, emptyLedger } from "../support/ledger.ts";
import { ask, email, givenDomain, givenKey, ownClock, testApp } from "../support/world.ts";

const HOUR = 60 * 60 * 1000;
const MINUTE = 60 * 1000;
const START = Date.UTC(2026, 10, 21, 10);

let key = "";
beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
});

/** A world with its own clock and a D1 that counts. */
function world() {
  const clock = ownClock(START);
  const d1 = faultyD1(env.DB);
  const app = testApp({ now: clock.now, db: d1.db, log() {} });
  const post = (idempotencyKey: string, body: unknown = email(), secret = key) =>
    ask(app, "POST", "/v1/send-email", {
      key: secret,
      body,
      headers: { "Idempotency-Key": idempotencyKey },
    });
  return { clock, d1, post };
}

async function statusCodeOf(answer: Response): Promise<number> {
  const { statusCode } = await answer.json<{ statusCode: number }>();
  return statusCode;
}

describe("the same key with the same body", () => {
  it("gives the first answer again and no second message", async () => {
    const { post } = world();
    const first = await post("order-1");
    const second = await post("order-1");
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.headers.get("X-Message-Id")).toBe(first.headers.get("X-Message-Id"));
    expect(first.headers.get("Idempotent-Replayed")).toBeNull();
    expect(second.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await second.text()).toBe(await first.text());
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([1, 1]);
  });

  it("writes no row the second time", async () => {
    const { d1, post } = world();
    await post("order-1");
    d1.reset();
    expect((await post("order-1")).status).toBe(200);
    expect([d1.calls().length, d1.rowsWritten()]).toEqual([1, 0]);
  });

  it("leaves no R2 object behind the second time", async () => {
    const { post } = world();
    const body = email({ text: "x".repeat(60_000) });
    const before = (await env.CONTENT.list()).objects.length;
    await post("large-1", body);
    expect((await post("large-1", body)).headers.get("Idempotent-Replayed")).toBe("true");
    await expect.poll(async () => (await env.CONTENT.list()).objects.length - before).toBe(1);
  });

  it.each([1, 2, 3])("makes one message of 100 parallel requests, round %i", async (round) => {
    const { post } = world();
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(`race-${round}`)));
    const ids = new Set(answers.map((answer) => answer.headers.get("X-Message-Id")));
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([200]);
    expect(ids.size).toBe(1);
    const firsts = answers.filter((answer) => answer.headers.get("Idempotent-Replayed") === null);
    expect(firsts.length).toBe(1);
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([1, 1]);
  });
});

describe("the same key with another body", () => {
  it("is refused with 422/1013 and nothing is sent", async () => {
    const { post } = world();
    await post("order-1");
    const other = await post("order-1", email({ subject: "Other" }));
    expect([other.status, await statusCodeOf(other)]).toEqual([422, 1013]);
    expect(other.headers.get("X-Message-Id")).toBeNull();
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([1, 1]);
  });

  it("is refused in 99 of 100 parallel requests that all differ", async () => {
    const { post } = world();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => post("mixed", email({ subject: `No. ${n}` }))),
    );
    const counts = [200, 422].map((wanted) => answers.filter((a) => a.status === wanted).length);
    expect(counts).toEqual([1, 99]);
    expect(await countOf("messages")).toBe(1);
  });

  it("belongs to each API key by itself", async () => {
    const { post } = world();
    const { secret } = await givenKey();
    const first = await post("order-1");
    const other = await post("order-1", email({ subject: "Other" }), secret);
    expect([first.status, other.status]).toEqual([200, 200]);
    expect(other.headers.get("X-Message-Id")).not.toBe(first.headers.get("X-Message-Id"));
    expect(await countOf("messages")).toBe(2);
  });
});

describe("the form of a key", () => {
  it.each([
    ["one character", 200, "k"],
    ["256 characters", 200, "k".repeat(256)],
    ["every kind of printable character", 200, "!\"#$%&'()*+,-./09:;<=> ?@AZ[\\]^_`az{|}~"],
    ["257 characters", 400, "k".repeat(257)],
    ["nothing", 400, ""],
    ["a tab inside", 400, "a\tb"],
    ["a control character", 400, "a\u0001b"],
    ["DEL", 400, "a\u007fb"],
    ["a byte over 127", 400, "caf\u00e9"],
  ])("with %s is answered with %i", async (_name, status, idempotencyKey) => {
    const { post } = world();
    const answer = await post(idempotencyKey);
    expect(answer.status).toBe(status);
    expect(await countOf("messages")).toBe(status === 200 ? 1 : 0);
    if (status === 400) {
      const { statusCode, message } = await answer.json<{ statusCode: number; message: string }>();
      expect([statusCode, message]).toEqual([1002, expect.stringContaining("Idempotency-Key")]);
    }
  });
});

describe("a key whose request was refused", () => {
  it.each([
    ["an invalid body", email({ subject: "" }), 400],
    ["a foreign sender", email({ from: "a@elsewhere.test" }), 403],
  ])("can be used again after %s", async (_name, body, status) => {
    const { post } = world();
    expect((await post("again", body)).status).toBe(status);
    const answer = await post("again");
    expect([answer.status, answer.headers.get("Idempotent-Replayed")]).toEqual([200, null]);
  });

  it("can be used again after every recipient was suppressed", async () => {
    const { d1, post } = world();
    await env.DB.prepare(
      `insert into suppressions (address, scope, reason, message_id, created_at)
       values ('gone@example.com', 'bounce', 'test', null, 0)`,
    ).run();
    const refused = await post("again", email({}, ["gone@example.com"]));
    expect([refused.status, await statusCodeOf(refused)]).toEqual([422, 1010]);
    expect(d1.rowsWritten()).toBe(0);
    expect((await post("again")).status).toBe(200);
    expect(await countOf("messages")).toBe(1);
  });

  it("can be used again after a 503", async () => {
    const { d1, post } = world();
    d1.plan({ on: ({ sql }) => sql.includes("insert into messages"), mode: "before" });
    const failed = await post("again");
    expect([failed.status, await statusCodeOf(failed)]).toEqual([503, 1099]);
    d1.plan(null);
    const answer = await post("again");
    expect([answer.status, answer.headers.get("Idempotent-Replayed")]).toEqual([200, null]);
    expect(await countOf("messages")).toBe(1);
  });

  it("gives the message of a 503 that was committed after all", async () => {
    const { d1, post } = world();
    d1.plan({ on: ({ sql }) => sql.includes("insert into messages"), mode: "after" });
    const unknown = await post("again");
    const { message } = await unknown.json<{ message: string }>();
    // Nobody knows what was committed, so nobody may say that nothing was.
    expect([unknown.status, message]).toEqual([503, expect.stringContaining("Idempotency-Key")]);
    expect(message).not.toContain("nothing was accepted");
    d1.plan(null);
    const answer = await post("again");
    expect([answer.status, answer.headers.get("Idempotent-Replayed")]).toEqual([200, "true"]);
    expect([await countOf("messages"), await countOf("deliveries")]).toEqual([1, 1]);
  });
});

describe("the age of a key", () => {
  it("gives the first message again after 23 h 59 min", async () => {
    const { clock, post } = world();
    const first = await post("daily");
    clock.advance(23 * HOUR + 59 * MINUTE);
    const second = await post("daily");
    expect(second.headers.get("X-Message-Id")).toBe(first.headers.get("X-Message-Id"));
    expect(await countOf("messages")).toBe(1);
  });

  it("gives a new message after 24 h, and then that one again", async () => {
    const { clock, post } = world();
    const first = await post("daily");
    clock.advance(24 * HOUR);
    const second = await post("daily", email({ subject: "A new day" }));
    const third = await post("daily", email({ subject: "A new day" }));
    expect([second.status, third.status]).toEqual([200, 200]);
    expect(second.headers.get("X-Message-Id")).not.toBe(first.headers.get("X-Message-Id"));
    expect(third.headers.get("X-Message-Id")).toBe(second.headers.get("X-Message-Id"));
    expect(await countOf("messages")).toBe(2);
  });
});
