// /v1/throttles: how fast the mail of a pool goes to a group of recipient domains, why, and how fast it may (D-09).
import * as z from "zod";
import type { App } from "../../app.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { DEFAULT_POOL_ID } from "../../model/pool.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import {
  ALL_GROUPS,
  MAX_CONNECTIONS,
  MAX_PER_HOUR,
  settingsFor,
  THROTTLE_GROUPS,
  type ThrottleChange,
  type ThrottleSettings,
} from "../../model/throttle.ts";
import { readRouting } from "../../store/pool.ts";
import { changeThrottle, resetThrottle } from "../../store/throttle.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, one, page, pageOf } from "./native.ts";

const connections = `must be a whole number from 1 to ${MAX_CONNECTIONS}`;
const perHour = `must be a whole number from 1 to ${MAX_PER_HOUR}, or null for the pool's`;
const flag = z.boolean("must be true or false");

const changeSchema = z.object({
  connections: z
    .int(connections)
    .min(1, connections)
    .max(MAX_CONNECTIONS, connections)
    .nullable()
    .optional()
    .describe("At once, of both lanes together; null: the pool's, or 4"),
  per_hour: z.int(perHour).min(1, perHour).max(MAX_PER_HOUR, perHour).nullable().optional(),
  adaptive: flag.nullable().optional(),
  warm_up: flag.nullable().optional(),
});

const settingsView = z.object({
  connections: z.int(),
  per_hour: z.int().nullable(),
  adaptive: z.boolean(),
  warm_up: z.boolean(),
});

const throttleView = z.object({
  pool: z.string(),
  group: z.string(),
  settings: settingsView,
  pace: z.object({
    connections: z.int().describe("That hold now"),
    in_use: z.int(),
    last_hour: z.int().describe("Messages that were let through, where they are limited"),
    percent: z.int().describe("Of what the settings say"),
    reason: z.string().nullable().describe("Why it is less"),
    warm_up: z
      .object({
        step: z.int(),
        today: z.int().nullable().describe("Messages; null: it is over"),
        sent: z.int(),
        tomorrow: z.int().nullable().describe("If today goes on as it did"),
      })
      .nullable(),
  }),
});

const ofPool = z.object({ pool: z.string() });
const ofGroup = z.object({ pool: z.string(), group: z.string() });

const all = endpoint({
  method: "GET",
  path: "/throttles",
  summary: "Show how fast a pool's mail goes to each group of recipient domains",
  scope: "read",
  request: { query: z.object({ pool: z.string().default(DEFAULT_POOL_ID) }) },
  response: { 200: pageOf(throttleView) },
  problems: ["not_found"],
  async handle(app, { query }) {
    const known = await changesOf(app, query.pool);
    if (!known.ok) return known;
    const place = { poolId: query.pool };
    const views = THROTTLE_GROUPS.map((group) => shown(app, { ...place, group }, known.value));
    return ok(page(await Promise.all(views), null));
  },
});

const get = endpoint({
  method: "GET",
  path: "/throttles/:pool/:group",
  summary: "Show how fast a pool's mail goes to a group of recipient domains",
  scope: "read",
  request: { params: ofGroup },
  response: { 200: dataOf(throttleView) },
  async handle(app, { params: { pool: poolId, group } }) {
    const known = await changesOf(app, poolId);
    if (!known.ok) return known;
    if (!THROTTLE_GROUPS.includes(group)) return fail(noGroup);
    return ok(one(await shown(app, { poolId, group }, known.value)));
  },
});

const getAll = endpoint({
  method: "GET",
  path: "/throttles/:pool",
  summary: "Show how fast a pool's mail may go to each group that has no setting of its own",
  scope: "read",
  request: { params: ofPool },
  response: { 200: dataOf(settingsView) },
  async handle(app, { params: { pool: poolId } }) {
    const known = await changesOf(app, poolId);
    if (!known.ok) return known;
    return ok(one(shownSettings(settingsFor(known.value, poolId, ALL_GROUPS))));
  },
});

const changeAll = endpoint({
  method: "PATCH",
  path: "/throttles/:pool",
  summary: "Set how fast a pool's mail may go to each group that has no setting of its own",
  scope: "manage",
  request: { params: ofPool, body: changeSchema },
  response: { 200: dataOf(settingsView) },
  async handle(app, { params: { pool: poolId }, body }) {
    const changed = await change(app, { poolId, group: ALL_GROUPS, settings: settingsIn(body) });
    if (!changed.ok) return changed;
    return ok(one(shownSettings(settingsFor(changed.value, poolId, ALL_GROUPS))));
  },
});

const changeOne = endpoint({
  method: "PATCH",
  path: "/throttles/:pool/:group",
  summary: "Set how fast a pool's mail may go to a group of recipient domains",
  scope: "manage",
  request: { params: ofGroup, body: changeSchema },
  response: { 200: dataOf(throttleView) },
  async handle(app, { params: { pool: poolId, group }, body }) {
    if (!THROTTLE_GROUPS.includes(group)) return fail(noGroup);
    const changed = await change(app, { poolId, group, settings: settingsIn(body) });
    if (!changed.ok) return changed;
    return ok(one(await shown(app, { poolId, group }, changed.value)));
  },
});

const reset = endpoint({
  method: "POST",
  path: "/throttles/:pool/:group/reset",
  summary: "Forget the settings of a group, and what slowed its mail down",
  scope: "manage",
  request: { params: ofGroup },
  response: { 200: dataOf(throttleView) },
  async handle(app, { params: { pool: poolId, group } }) {
    if (!THROTTLE_GROUPS.includes(group)) return fail(noGroup);
    const place = { poolId, group };
    const before = await changesOf(app, poolId);
    if (!before.ok) return before;
    await resetThrottle(app.db, place);
    await app.throttle.reset(place);
    const known = before.value.filter((one) => one.group !== group);
    return ok(one(await shown(app, place, known)));
  },
});

/** The operations of /v1/throttles. */
export const throttleEndpoints = [all, get, getAll, changeAll, changeOne, reset];

const noPool: Problem = { kind: "not_found", what: "this pool" };
const noGroup = invalidField("group", `must be one of ${THROTTLE_GROUPS.join(", ")}`);

/** The settings of a pool that there is. */
async function changesOf(
  app: App,
  poolId: string,
): Promise<Result<readonly ThrottleChange[], Problem>> {
  const { pools, throttles } = await readRouting(app.db);
  const known = poolId === DEFAULT_POOL_ID || pools.some(({ id }) => id === poolId);
  return known ? ok(throttles.filter((one) => one.poolId === poolId)) : fail(noPool);
}

async function change(
  app: App,
  changing: ThrottleChange,
): Promise<Result<readonly ThrottleChange[], Problem>> {
  const known = await changesOf(app, changing.poolId);
  if (!known.ok) return known;
  await changeThrottle(app.db, changing, app.now());
  return changesOf(app, changing.poolId);
}

/** The body in the words of the model; null takes a setting back. */
function settingsIn(body: z.output<typeof changeSchema>) {
  const { connections: most, per_hour: hourly, adaptive, warm_up: warmUp } = body;
  const given = { connections: most, perHour: hourly, adaptive, warmUp };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function shownSettings({ connections: most, perHour: hourly, adaptive, warmUp }: ThrottleSettings) {
  return { connections: most, per_hour: hourly, adaptive, warm_up: warmUp };
}

async function shown(
  app: App,
  place: { readonly poolId: string; readonly group: string },
  changes: readonly ThrottleChange[],
) {
  const settings = settingsFor(changes, place.poolId, place.group);
  const { warmUp, ...pace } = await app.throttle.view(place, settings, app.now());
  return {
    pool: place.poolId,
    group: place.group,
    settings: shownSettings(settings),
    pace: {
      connections: pace.connections,
      in_use: pace.inUse,
      last_hour: pace.lastHour,
      percent: Math.round(pace.factor * 100),
      reason: pace.reason,
      warm_up: warmUp && {
        step: warmUp.step,
        today: warmUp.allowance,
        sent: warmUp.sent,
        tomorrow: warmUp.next,
      },
    },
  };
}
