// /v1/account/credits: the balance, its history page by page, granting and taking away.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { purge } from "../../../src/queue/purge.ts";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, ownClock, testApp } from "../../support/world.ts";
import { expectError, native } from "./native.ts";

const START = Date.UTC(2026, 10, 21, 10);
const DAY = 86_400_000;
const PATH = "/v1/account/credits";
const clock = ownClock(START);
const app = testApp({ now: clock.now, log() {} });
let key = "";
let keyId = "";

beforeEach(async () => {
  await emptyLedger();
  const given = await givenKey();
  key = given.secret;
  keyId = given.key.id;
});

const grant = (body: unknown, headers: Record<string, string> = {}) =>
  ask(app, "POST", PATH, { key, body, headers });

describe(PATH, () => {
  it("says that credits are not counted until some were granted", async () => {
    const nothing = { balance: null, unlimited: true, history: [] };
    expect(await native(app, key, { path: PATH })).toEqual(nothing);
    await grant({ amount: 5, reason: "invoice 7" });
    expect(await native(app, key, { path: PATH })).toEqual({
      balance: 5,
      unlimited: false,
      history: [
        {
          at: "2026-11-21T10:00:00.000Z",
          kind: "granted",
          amount: 5,
          balance: 5,
          message_id: null,
          by: keyId,
          reason: "invoice 7",
        },
      ],
    });
  });

  it("adds and takes away, but never below nothing or above a billion", async () => {
    expect((await grant({ amount: 5 })).status).toBe(201);
    expect(await (await grant({ amount: -2 })).json()).toMatchObject({ data: { balance: 3 } });
    for (const amount of [-4, 1_000_000_000]) {
      const answer = await grant({ amount });
      await expectError(answer, { status: 400, code: "invalid_request", field: "amount" });
    }
    expect(await native(app, key, { path: PATH })).toMatchObject({ balance: 3 });
  });

  it("counts down to nothing and stays there: 0 is not unlimited", async () => {
    await grant({ amount: 5 });
    await grant({ amount: -5 });
    const none = { balance: 0, unlimited: false };
    expect(await native(app, key, { path: PATH })).toMatchObject(none);
  });

  it("stops counting, keeps the history, and begins again at what is granted then", async () => {
    await grant({ amount: 5 });
    const stop = { method: "DELETE", path: PATH };
    expect(await native(app, key, stop)).toEqual({ balance: null, unlimited: true });
    await native(app, key, stop);
    expect(await native(app, key, { path: PATH })).toMatchObject({
      unlimited: true,
      history: [{ kind: "unlimited", amount: -5, balance: null, by: keyId }, { amount: 5 }],
    });
    await grant({ amount: 7 });
    expect(await native(app, key, { path: PATH })).toMatchObject({ balance: 7 });
  });

  it("grants once what is repeated with one Idempotency-Key", async () => {
    const headers = { "Idempotency-Key": "invoice-7" };
    const answers = await Promise.all([1, 2, 3].map(() => grant({ amount: 5 }, headers)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    const other = await grant({ amount: 6 }, headers);
    await expectError(other, { status: 422, code: "idempotency_key_reused" });
    const bad = await grant({ amount: 5 }, { "Idempotency-Key": "" });
    await expectError(bad, { status: 400, code: "invalid_request", field: "Idempotency-Key" });
    expect(await native(app, key, { path: PATH })).toMatchObject({ balance: 5, history: [{}] });
  });

  it.each([
    [{}, "amount"],
    [{ amount: 0 }, "amount"],
    [{ amount: 1.5 }, "amount"],
    [{ amount: "5" }, "amount"],
    [{ amount: 1_000_000_001 }, "amount"],
    [{ amount: 5, reason: "x".repeat(201) }, "reason"],
  ])("refuses %j", async (body, field) => {
    await expectError(await grant(body), { status: 400, code: "invalid_request", field });
    expect(await countOf("credit_ledger")).toBe(0);
  });

  it("goes through the history page by page, newest first", async () => {
    for (let n = 1; n <= 5; n++) await grant({ amount: n });
    const seen: number[] = [];
    let cursor = "";
    for (let page = 0; page < 3; page++) {
      const answer = await ask(app, "GET", `${PATH}?limit=2${cursor}`, { key });
      const { data, next_cursor: next } = await answer.json<{
        data: { history: { amount: number }[] };
        next_cursor: string | null;
      }>();
      seen.push(...data.history.map(({ amount }) => amount));
      expect(next === null).toBe(page === 2);
      cursor = `&cursor=${next}`;
    }
    expect(seen).toEqual([5, 4, 3, 2, 1]);
    const bad = await ask(app, "GET", `${PATH}?cursor=x`, { key });
    await expectError(bad, { status: 400, code: "invalid_request", field: "cursor" });
  });

  it("is read with scope read and changed with scope manage only", async () => {
    const { secret } = await givenKey({ scopes: ["read", "send"] });
    expect((await ask(app, "GET", PATH, { key: secret })).status).toBe(200);
    const body = { amount: 5 };
    for (const method of ["POST", "DELETE"]) {
      const answer = await ask(app, method, PATH, { key: secret, body });
      await expectError(answer, { status: 403, code: "insufficient_scope" });
    }
  });

  it("forgets what is older than the retention, but never the balance", async () => {
    await grant({ amount: 5 });
    await grant({ amount: 6 });
    const later = { ...app, now: () => START + 61 * DAY };
    await purge(later);
    expect(await native(app, key, { path: PATH })).toMatchObject({ balance: 11, history: [{}] });
    const { results } = await env.DB.prepare("select amount from credit_ledger").all();
    expect(results).toEqual([{ amount: 6 }]);
  });
});
