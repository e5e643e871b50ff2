// /v1/inbound: every reason is shown, also those that never happened, to keys that may read.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { INBOUND_OUTCOMES, INTAKE_OUTCOMES } from "../../../src/model/inbound.ts";
import { countInbound } from "../../../src/store/inbound.ts";
import { emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, testApp } from "../../support/world.ts";
import { expectError } from "./native.ts";

const app = testApp();
beforeEach(emptyLedger);

describe("GET /v1/inbound", () => {
  it("counts what changed nothing, by why, and when last", async () => {
    const { secret: key } = await givenKey({ scopes: ["read"] });
    for (const at of [2_000, 3_000, 1_000]) await countInbound(env.DB, "forged", at);
    const answer = await ask(app, "GET", "/v1/inbound", { key });
    const body = await answer.json<{ data: { outcome: string }[]; next_cursor: null }>();
    const all = [...INBOUND_OUTCOMES, ...INTAKE_OUTCOMES];
    expect(body.data.map(({ outcome }) => outcome)).toEqual(all);
    const last_at = "1970-01-01T00:00:03.000Z";
    expect(body.data).toContainEqual({ outcome: "forged", count: 3, last_at });
    expect(body.data).toContainEqual({ outcome: "expired", count: 0, last_at: null });
    expect(body.next_cursor).toBeNull();
  });

  it("wants scope read", async () => {
    const { secret: key } = await givenKey({ scopes: ["send"] });
    const refused = await ask(app, "GET", "/v1/inbound", { key });
    await expectError(refused, { status: 403, code: "insufficient_scope" });
  });
});
