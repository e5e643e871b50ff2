// /v1/pools: named, weighted sets of relays (D-10), and the rules that choose the pool of a delivery.
import * as z from "zod";
import type { App } from "../../app.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { parseDomain } from "../../model/address.ts";
import { MAIL_CLASSES } from "../../model/message.ts";
import {
  conflictOf,
  DEFAULT_POOL_ID,
  defaultPool,
  MAX_WEIGHT,
  type Pool,
  POOL_KINDS,
  type PoolRule,
} from "../../model/pool.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { DEFAULT_RELAY_ID } from "../../model/relay.ts";
import {
  deletePool,
  insertPool,
  putRules,
  readRouting,
  type Routing,
  updatePool,
} from "../../store/pool.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, one, page, pageOf } from "./native.ts";

const MAX_NAME_LENGTH = 100;
/** Sockets of a run are 4; more relays in one pool than this share nothing. */
const MAX_RELAYS = 20;
/** Each delivery may be compared with all of them. */
const MAX_RULES = 100;
/** As long as a tracking id (C-01). */
const MAX_TAG_LENGTH = 200;

const weight = `must be a whole number from 0 to ${MAX_WEIGHT}; 0 stands by`;
const place = z.object({
  relay_id: z.string("is required: the id of a relay"),
  weight: z.number(weight).int(weight).min(0, weight).max(MAX_WEIGHT, weight).default(1),
});

const fields = {
  name: z
    .string("is required: what the pool is called")
    .trim()
    .min(1, "must not be empty")
    .max(MAX_NAME_LENGTH)
    .regex(/^[^\p{Cc}@]+$/u, "must not hold control characters or @"),
  kind: z.enum(POOL_KINDS, `must be one of ${POOL_KINDS.join(", ")}`),
  relays: z
    .array(place, "must be an array")
    .max(MAX_RELAYS, `must have at most ${MAX_RELAYS} entries`),
};

const newPool = z.object({
  name: fields.name,
  kind: fields.kind.default("shared"),
  relays: fields.relays.default([]),
});
const poolChange = z.object({
  name: fields.name.optional(),
  kind: fields.kind.optional(),
  relays: fields.relays.optional(),
});

const poolView = z.object({
  id: z.string(),
  number: z.int(),
  name: z.string(),
  kind: z.enum(POOL_KINDS),
  relays: z.array(z.object({ relay_id: z.string(), weight: z.int() })),
  created_at: isoTime.nullable(),
});

const rule = z.object({
  pool_id: z.string("is required: the id of a pool"),
  mail_class: z.enum(MAIL_CLASSES, `must be one of ${MAIL_CLASSES.join(", ")}`).nullish(),
  key_id: z.string().max(MAX_NAME_LENGTH).nullish(),
  tag: z
    .string()
    .max(MAX_TAG_LENGTH, `must be at most ${MAX_TAG_LENGTH} characters`)
    .regex(/^[^@]*$/, "must not hold an address")
    .nullish(),
  domain: z.string().nullish(),
});
const ruleView = z.object({
  pool_id: z.string(),
  mail_class: z.enum(MAIL_CLASSES).nullable(),
  key_id: z.string().nullable(),
  tag: z.string().nullable(),
  domain: z.string().nullable(),
});

const params = z.object({ id: z.string() });
const NO_POOL: Problem = { kind: "not_found", what: "this pool" };
const DEFAULT_STAYS: Problem = {
  kind: "conflict",
  reason: "the default pool is made of the relays that stand in no other; make a pool and a rule",
};

const create = endpoint({
  method: "POST",
  path: "/pools",
  summary: "Make a pool of relays; rules send mail to it",
  scope: "manage",
  request: { body: newPool },
  response: { 201: dataOf(poolView) },
  problems: ["conflict"],
  async handle(app, { body }) {
    const { name, kind, relays } = body;
    const pool = { id: app.newId(), name, kind, relays: placesOf(relays), createdAt: app.now() };
    const checked = check(app, await readRouting(app.db), pool);
    if (!checked.ok) return checked;
    const stored = await insertPool(app.db, pool);
    return stored ? ok(one(shown(stored), 201)) : fail(NAME_TAKEN);
  },
});

const list = endpoint({
  method: "GET",
  path: "/pools",
  summary: "List pools by their numbers, the default pool first",
  scope: "read",
  request: {},
  response: { 200: pageOf(poolView) },
  async handle(app) {
    return ok(page(allPools(app, await readRouting(app.db)).map(shown), null));
  },
});

const read = endpoint({
  method: "GET",
  path: "/pools/:id",
  summary: "Show a pool",
  scope: "read",
  request: { params },
  response: { 200: dataOf(poolView) },
  async handle(app, { params: { id } }) {
    const found = allPools(app, await readRouting(app.db)).find((pool) => pool.id === id);
    return found ? ok(one(shown(found))) : fail(NO_POOL);
  },
});

const change = endpoint({
  method: "PATCH",
  path: "/pools/:id",
  summary: "Change a pool; `relays` replaces them all",
  scope: "manage",
  request: { params, body: poolChange },
  response: { 200: dataOf(poolView) },
  problems: ["conflict"],
  async handle(app, { params: { id }, body }) {
    if (id === DEFAULT_POOL_ID) return fail(DEFAULT_STAYS);
    const routing = await readRouting(app.db);
    const found = routing.pools.find((pool) => pool.id === id);
    if (!found) return fail(NO_POOL);
    const { name = found.name, kind = found.kind } = body;
    const relays = body.relays ? placesOf(body.relays) : found.relays;
    const wanted = { ...found, name, kind, relays };
    const checked = check(app, routing, wanted);
    if (!checked.ok) return checked;
    const stored = await updatePool(app.db, wanted);
    return stored ? ok(one(shown(stored))) : fail(NAME_TAKEN);
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/pools/:id",
  summary: "Remove a pool that no rule names; its relays stay",
  scope: "manage",
  request: { params },
  response: { 200: dataOf(z.object({ id: z.string(), deleted: z.literal(true) })) },
  problems: ["conflict"],
  async handle(app, { params: { id } }) {
    if (id === DEFAULT_POOL_ID) return fail(DEFAULT_STAYS);
    if (await deletePool(app.db, id)) return ok(one({ id, deleted: true }));
    const { pools } = await readRouting(app.db);
    if (!pools.some((pool) => pool.id === id)) return fail(NO_POOL);
    return fail({ kind: "conflict", reason: "a rule names this pool; change the rules first" });
  },
});

const listRules = endpoint({
  method: "GET",
  path: "/pools/rules",
  summary: "List the rules that choose the pool of a delivery; the first that fits wins",
  scope: "read",
  request: {},
  response: { 200: pageOf(ruleView) },
  async handle(app) {
    return ok(page((await readRouting(app.db)).rules.map(shownRule), null));
  },
});

const replaceRules = endpoint({
  method: "PUT",
  path: "/pools/rules",
  summary: "Replace all rules; what is queued already follows them too",
  scope: "manage",
  request: {
    body: z.object({
      rules: z
        .array(rule, "is required: an array")
        .max(MAX_RULES, `must have at most ${MAX_RULES} entries`),
    }),
  },
  response: { 200: pageOf(ruleView) },
  async handle(app, { body }) {
    const ids = new Set(allPools(app, await readRouting(app.db)).map(({ id }) => id));
    const rules: PoolRule[] = [];
    for (const [index, given] of body.rules.entries()) {
      if (!ids.has(given.pool_id)) {
        return fail(invalidField(`rules[${index}].pool_id`, "must be the id of a pool"));
      }
      const domain = typeof given.domain === "string" ? parseDomain(given.domain) : ok(null);
      if (!domain.ok) {
        return fail(invalidField(`rules[${index}].domain`, "must be a domain such as example.com"));
      }
      rules.push({
        poolId: given.pool_id,
        mailClass: given.mail_class ?? null,
        keyId: given.key_id ?? null,
        tag: given.tag ?? null,
        domain: domain.value,
      });
    }
    await putRules(app.db, rules);
    return ok(page(rules.map(shownRule), null));
  },
});

/** The operations of /v1/pools; those on rules come before those on one pool. */
export const poolEndpoints = [listRules, replaceRules, create, list, read, change, remove];

const NAME_TAKEN: Problem = invalidField("name", "is taken by another pool");

type GivenPlace = { readonly relay_id: string; readonly weight: number };

function placesOf(relays: readonly GivenPlace[]): Pool["relays"] {
  return relays.map(({ relay_id: relayId, weight }) => ({ relayId, weight }));
}

function relayIds(app: App, { relays }: Routing): readonly string[] {
  const own = relays.map(({ id }) => id);
  return app.config.defaultRelay ? [...own, DEFAULT_RELAY_ID] : own;
}

function allPools(app: App, routing: Routing): readonly Pool[] {
  return [defaultPool(routing.pools, relayIds(app, routing)), ...routing.pools];
}

/** Whether a pool may be as it is wanted. */
function check(
  app: App,
  routing: Routing,
  wanted: Pick<Pool, "id" | "name" | "kind" | "relays">,
): Result<null, Problem> {
  const known = relayIds(app, routing);
  for (const [index, { relayId }] of wanted.relays.entries()) {
    const path = `relays[${index}].relay_id`;
    if (!known.includes(relayId)) return fail(invalidField(path, "must be the id of a relay"));
    if (wanted.relays.findIndex((other) => other.relayId === relayId) < index) {
      return fail(invalidField(path, "is given twice"));
    }
  }
  if (wanted.name === defaultPool([], []).name) return fail(NAME_TAKEN);
  const other = conflictOf(routing.pools, wanted);
  if (!other) return ok(null);
  const reason = `a dedicated pool shares no relay; pool ${other.name} has one of these`;
  return fail({ kind: "conflict", reason });
}

function shown(pool: Pool) {
  return {
    id: pool.id,
    number: pool.number,
    name: pool.name,
    kind: pool.kind,
    relays: pool.relays.map(({ relayId, weight }) => ({ relay_id: relayId, weight })),
    created_at: pool.id === DEFAULT_POOL_ID ? null : iso(pool.createdAt),
  };
}

function shownRule({ poolId, mailClass, keyId, tag, domain }: PoolRule) {
  return { pool_id: poolId, mail_class: mailClass, key_id: keyId, tag, domain };
}
