// GET /v1/account/usage: what was counted, by day, and what it costs.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { uuidv7 } from "../../../src/lib/id.ts";
import { NO_USAGE } from "../../../src/model/usage.ts";
import { addUsage } from "../../../src/store/usage.ts";
import { emptyLedger } from "../../support/ledger.ts";
import { ask, email, givenDomain, givenKey, ownClock, testApp } from "../../support/world.ts";
import { expectError, native } from "./native.ts";

const DAY = 86_400_000;
const TODAY = Date.UTC(2026, 10, 21);
const PATH = "/v1/account/usage";

const clock = ownClock(TODAY + 10 * 3_600_000);
const app = testApp({ now: clock.now, newId: () => uuidv7(clock.now()), log() {} });
let key = "";

type Shown = {
  readonly from: string;
  readonly to: string;
  readonly emails: number;
  readonly usd: number;
  readonly usd_per_thousand_emails: number | null;
  readonly operations: Readonly<Record<string, { readonly count: number; readonly usd: number }>>;
  readonly own: { readonly d1_rows_written: number };
  readonly days: readonly { readonly day: string; readonly emails: number; readonly usd: number }[];
  readonly storage: { readonly database_bytes: number };
  readonly prices: { readonly as_of: string };
};
const asked = (query = "") => native<Shown>(app, key, { path: PATH + query });

beforeAll(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
  for (let n = 0; n < 4; n++) {
    if (n === 2) clock.advance(20 * 60_000);
    await ask(app, "POST", "/v1/send-email", { key, body: email({}, [`${n}@example.com`]) });
  }
  // Two of them are counted by the statistics already, two not yet.
  await addUsage(env.DB, TODAY - DAY, { ...NO_USAGE, r2_class_b: 5 });
  await addUsage(env.DB, TODAY, { ...NO_USAGE, d1_rows_written: 30, worker_requests: 4 });
  await addUsage(env.DB, TODAY, { ...NO_USAGE, d1_rows_written: 10 });
});

describe("GET /v1/account/usage", () => {
  it("adds up what each isolate kept, by day, with the price of a thousand emails", async () => {
    const shown = await asked();
    expect(shown).toMatchObject({
      from: new Date(TODAY - 29 * DAY).toISOString(),
      to: new Date(TODAY + DAY).toISOString(),
      emails: 4,
      operations: {
        d1_rows_written: { count: 40, usd: 0.00004 },
        worker_requests: { count: 4, usd: 0.0000012 },
        r2_class_b: { count: 5, usd: 0.0000018 },
        cpu_ms: { count: 40, usd: 0.0000008 },
      },
      own: { d1_rows_written: 3 },
      prices: { as_of: "2026-11-21" },
    });
    expect(shown.usd).toBeCloseTo(0.0000438, 9);
    expect(shown.usd_per_thousand_emails).toBeCloseTo(0.01095, 9);
    expect(shown.days.map(({ day, emails }) => [day, emails])).toEqual([
      [new Date(TODAY - DAY).toISOString(), 0],
      [new Date(TODAY).toISOString(), 4],
    ]);
    expect(shown.storage.database_bytes).toBeGreaterThan(0);
  });

  it("takes whole days, the last one included", async () => {
    const yesterday = await asked(`?from=${TODAY - DAY + 5}&to=${TODAY - 5}`);
    expect(yesterday.days).toHaveLength(1);
    expect([yesterday.emails, yesterday.usd_per_thousand_emails]).toEqual([0, null]);
  });

  it.each([
    ["from", `?from=${TODAY}&to=${TODAY - DAY}`],
    ["from", `?from=${TODAY - 100 * DAY}&to=${TODAY}`],
    ["to", "?to=yesterday"],
  ])("names what is wrong: %s in %s", async (field, query) => {
    const answer = await ask(app, "GET", PATH + query, { key });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });

  it("needs the scope read", async () => {
    const { secret } = await givenKey({ scopes: ["send"] });
    const answer = await ask(app, "GET", PATH, { key: secret });
    await expectError(answer, { status: 403, code: "insufficient_scope" });
  });
});
