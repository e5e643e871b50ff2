// /v1/relays: the SMTP relays that mail leaves through. Passwords go in and never come out.
import * as z from "zod";
import type { App } from "../../app.ts";
import { checkRelayHost } from "../../lib/public-address.ts";
import { seal } from "../../lib/seal.ts";
import { fail, ok } from "../../lib/result.ts";
import { type Vendor, VENDORS } from "../../model/intake.ts";
import {
  DEFAULT_RELAY_ID,
  type Relay,
  RELAY_STATES,
  type RelayHealth,
  relayState,
} from "../../model/relay.ts";
import { DEFAULT_POOL_ID, type Pool } from "../../model/pool.ts";
import { invalidField } from "../../model/problem.ts";
import { readRouting } from "../../store/pool.ts";
import { deleteRelay, insertRelay, relayNameTaken } from "../../store/relay.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, maybeTime, one, page, pageOf } from "./native.ts";

const MAX_NAME_LENGTH = 100;
const MAX_HOST_LENGTH = 253;
/** Longer than any provider's; AUTH lines must stay under SMTP's 12,288 octets (RFC 4954 §4). */
const MAX_CREDENTIAL_LENGTH = 1_000;

/** No control character may reach an SMTP line. */
const credential = z
  .string()
  .min(1, "must not be empty")
  .max(MAX_CREDENTIAL_LENGTH)
  .regex(/^\P{Cc}+$/u, "must not hold control characters");

const newRelay = z.object({
  name: z.string().trim().min(1, "must not be empty").max(MAX_NAME_LENGTH),
  host: z
    .string()
    .max(MAX_HOST_LENGTH)
    .regex(/^[0-9A-Za-z.:-]+$/, "must be a host name or an IP address")
    .meta({ examples: ["smtp.example.com"] }),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .meta({ examples: [587] }),
  tls: z.enum(["none", "starttls", "implicit"]),
  username: credential.optional(),
  password: credential.optional(),
  verp: z.boolean("must be true or false").default(true),
});

const relayView = z.object({
  id: z.string(),
  name: z.string(),
  host: z.string(),
  port: z.int(),
  tls: z.enum(["none", "starttls", "implicit"]),
  username: z.string().nullable(),
  verp: z.boolean(),
  created_at: isoTime,
  state: z.enum(RELAY_STATES),
  failures: z.int(),
  aside_until: maybeTime,
  last_failure: z.string().nullable(),
  intake: z.enum(VENDORS).nullable(),
  pools: z.array(z.string()),
});

const create = endpoint({
  method: "POST",
  path: "/relays",
  summary: "Add an SMTP relay",
  scope: "manage",
  request: { body: newRelay },
  response: { 201: dataOf(relayView) },
  async handle(app, { body }) {
    const { name, host, port, tls, username, password, verp } = body;
    if ((username === undefined) !== (password === undefined)) {
      return fail(invalidField("password", "username and password go together"));
    }
    const refusal = await checkRelayHost(app, { host, port });
    if (!refusal.ok) return fail(invalidField("host", refusal.error));
    if (tls === "none" && !(app.config.localDev && isLoopback(host))) {
      const reason =
        "must be starttls or implicit; none is for a loopback relay in local development";
      return fail(invalidField("tls", reason));
    }
    if (await relayNameTaken(app.db, name)) {
      return fail(invalidField("name", "is taken by another relay"));
    }
    const id = app.newId();
    const sealedPassword =
      password === undefined ? null : await seal(app.config.encryptionKey, `relay:${id}`, password);
    const where = { name, host, port, tls, username: username ?? null };
    const relay = { id, ...where, verp, createdAt: app.now() };
    await insertRelay(app.db, { ...relay, sealedPassword });
    return ok(one({ ...shown(relay, relay.createdAt), pools: poolsOf([], id) }, 201));
  },
});

const list = endpoint({
  method: "GET",
  path: "/relays",
  summary: "List relays in the order they are tried, with how they have been",
  scope: "read",
  request: {},
  response: { 200: pageOf(relayView) },
  async handle(app) {
    const { relays, health, vendors, pools } = await readRouting(app.db);
    const all = [...relays, ...defaultRelay(app)];
    const now = app.now();
    return ok(
      page(
        all.map((relay) => ({
          ...shown(relay, now, health.get(relay.id), vendors.get(relay.id)),
          pools: poolsOf(pools, relay.id),
        })),
        null,
      ),
    );
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/relays/:id",
  summary: "Remove a relay; what waits goes through the others",
  scope: "manage",
  request: { params: z.object({ id: z.string() }) },
  response: { 200: dataOf(z.object({ id: z.string(), deleted: z.literal(true) })) },
  problems: ["conflict"],
  async handle(app, { params }) {
    if (params.id === DEFAULT_RELAY_ID) {
      return fail({ kind: "conflict", reason: "the default relay comes from RELAY_URL" });
    }
    const { pools } = await readRouting(app.db);
    const pool = pools.find((one) => one.relays.some(({ relayId }) => relayId === params.id));
    if (pool) {
      const reason = `pool ${pool.name} names this relay; take it out of the pool first`;
      return fail({ kind: "conflict", reason });
    }
    if (!(await deleteRelay(app.db, params.id))) {
      return fail({ kind: "not_found", what: "this relay" });
    }
    return ok(one({ id: params.id, deleted: true }));
  },
});

/** The operations of /v1/relays. */
export const relayEndpoints = [create, list, remove];

/** The pools that a relay stands in. */
function poolsOf(pools: readonly Pool[], relayId: string): readonly string[] {
  const found = pools.filter(({ relays }) => relays.some((place) => place.relayId === relayId));
  return found.length > 0 ? found.map(({ id }) => id) : [DEFAULT_POOL_ID];
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function defaultRelay(app: App): readonly Relay[] {
  const { defaultRelay: login } = app.config;
  if (!login) return [];
  const { host, port, tls, username } = login;
  const named = { id: DEFAULT_RELAY_ID, name: "RELAY_URL", createdAt: 0 };
  return [{ ...named, host, port, tls, username, verp: true }];
}

function shown(relay: Relay, now: number, health?: RelayHealth, vendor?: Vendor) {
  return {
    id: relay.id,
    name: relay.name,
    host: relay.host,
    port: relay.port,
    tls: relay.tls,
    username: relay.username,
    verp: relay.verp,
    created_at: iso(relay.createdAt),
    state: relayState(health ?? null, now),
    failures: health?.failures ?? 0,
    aside_until: iso(health?.asideUntil ?? null),
    last_failure: health?.reason ?? null,
    intake: vendor ?? null,
  };
}
