// Which relays this run can use, in their pools, and what it learns of them: three connects that fail in
// a row put a relay aside, one that works brings it back. A pool without a relay waits alone.
import type { App } from "../app.ts";
import {
  type Credits,
  type Member,
  nextTurn,
  type Route,
  route,
  startCredits,
} from "../deliver/route.ts";
import { reasonOf } from "../lib/log.ts";
import { open } from "../lib/seal.ts";
import { domainOf } from "../model/address.ts";
import type { Message } from "../model/message.ts";
import { DEFAULT_POOL_ID, defaultPool, poolOf } from "../model/pool.ts";
import type { ThrottleChange } from "../model/throttle.ts";
import { DEFAULT_RELAY_ID, type RelayHealth, type UsableRelay } from "../model/relay.ts";
import { readRouting } from "../store/pool.ts";
import { forgetFailures, noteFailure, type StoredRelay } from "../store/relay.ts";
import { putAside } from "./backoff.ts";

/** Who asks for a relay. */
export type Asking = {
  /** The relay to which a connection is open. */
  readonly held?: string | null;
  /** Relays that could not be told of this message. */
  readonly tried?: ReadonlySet<string>;
};

/** The relays of one run. */
export type RelayBoard = {
  /** What people set of paces. */
  readonly throttles: readonly ThrottleChange[];
  /** The pool of a delivery. */
  readonly poolOf: (message: Message, recipient: string) => string;
  /** What a pool can do now. */
  readonly route: (poolId: string) => Route;
  /** The best that any pool with mail can do now. */
  readonly outlook: () => Route;
  /** The relay whose turn it is; null when the pool has none that may be used now. */
  readonly take: (poolId: string, asking?: Asking) => UsableRelay | null;
  /** Whether the next turn of the pool is this relay's too; if so it is counted as taken. */
  readonly keeps: (poolId: string, relay: UsableRelay) => boolean;
  readonly failed: (relay: UsableRelay, reason: string) => void;
  readonly works: (relay: UsableRelay) => void;
  /** Nothing was learnt of the relay: if it was being probed, another message may do that. */
  readonly left: (relay: UsableRelay) => void;
};

type Place = { readonly relayId: string; readonly weight: number };

/** Reads relays, their health, pools and rules: one D1 round trip a run. RELAY_URL is the last relay. */
export async function relayBoard(app: App): Promise<RelayBoard> {
  const { relays, health, vendors, pools, rules, throttles } = await readRouting(app.db);
  const usable = (await Promise.all(relays.map((relay) => usableRelay(app, relay)))).flat();
  const { defaultRelay } = app.config;
  if (defaultRelay) usable.push({ id: DEFAULT_RELAY_ID, login: defaultRelay, verp: true });
  const board = new Map<string, UsableRelay>(
    usable.map((relay) => [
      relay.id,
      { ...relay, health: health.get(relay.id) ?? null, vendor: vendors.get(relay.id) ?? null },
    ]),
  );
  const all = [...pools, defaultPool(pools, [...board.keys()])];
  const places = new Map<string, readonly Place[]>(all.map((pool) => [pool.id, pool.relays]));
  const known = rules.filter(({ poolId }) => places.has(poolId));
  const inUse = new Set([...known.map(({ poolId }) => poolId), DEFAULT_POOL_ID]);
  const credits = new Map<string, Credits>();
  const probed = new Set<string>();

  function membersOf(poolId: string): readonly Member[] {
    return (places.get(poolId) ?? []).flatMap(({ relayId, weight }) => {
      const relay = board.get(relayId);
      return relay ? [{ relay, weight }] : [];
    });
  }

  function routeOf(poolId: string): Route {
    return route(membersOf(poolId), app.now(), probed);
  }

  function turn(poolId: string, members: readonly Member[], held: string | null) {
    const weighted = members.map(({ relay, weight }) => ({ id: relay.id, weight }));
    const before = credits.get(poolId) ?? startCredits(weighted, app.random());
    return nextTurn(weighted, before, held);
  }

  return {
    throttles,
    poolOf: ({ mailClass, keyId, tags }, recipient) =>
      poolOf(known, { mailClass, keyId, tags, domain: domainOf(recipient) }),
    route: routeOf,
    outlook: () => bestOf([...inUse].map(routeOf)),
    take(poolId, { held = null, tried = new Set<string>() } = {}) {
      const members = membersOf(poolId).filter(({ relay }) => !tried.has(relay.id));
      const chosen = route(members, app.now(), probed);
      if (chosen.kind === "wait" || chosen.kind === "none") return null;
      if (chosen.kind === "probe" || chosen.probe) {
        if (chosen.probe) probed.add(chosen.probe.id);
        return chosen.probe;
      }
      const next = turn(poolId, chosen.members, held);
      credits.set(poolId, next.credits);
      return board.get(next.id) ?? null;
    },
    keeps(poolId, { id }) {
      const chosen = routeOf(poolId);
      if (chosen.kind !== "open" || chosen.probe) return false;
      const next = turn(poolId, chosen.members, id);
      if (next.id === id) credits.set(poolId, next.credits);
      return next.id === id;
    },
    failed(relay, reason) {
      probed.delete(relay.id);
      // Connects that were under way when it was put aside do not put it aside for longer.
      if ((board.get(relay.id)?.health?.asideUntil ?? 0) > app.now()) return;
      const failures = (board.get(relay.id)?.health?.failures ?? 0) + 1;
      const pause = putAside(failures);
      const noted: RelayHealth = {
        failures,
        asideUntil: pause === null ? null : app.now() + pause,
        reason,
      };
      board.set(relay.id, { ...relay, health: noted });
      app.log("warn", "relay_unusable", { relay: relay.id, failures, reason });
      app.background("note_relay_failure_failed", noteFailure(app.db, relay.id, noted));
    },
    works(relay) {
      probed.delete(relay.id);
      if (!board.get(relay.id)?.health) return;
      board.set(relay.id, { ...relay, health: null });
      app.background("forget_relay_failures_failed", forgetFailures(app.db, relay.id));
    },
    left: (relay) => void probed.delete(relay.id),
  };
}

/** One pool that is open is enough; else one that probes; else the first that can be looked at again. */
function bestOf(routes: readonly Route[]): Route {
  const best =
    routes.find(({ kind }) => kind === "open") ?? routes.find(({ kind }) => kind === "probe");
  if (best) return best;
  const until = routes.flatMap((one) => (one.kind === "wait" ? [one.until] : []));
  return until.length > 0 ? { kind: "wait", until: Math.min(...until) } : { kind: "none" };
}

type KnownLogin = Pick<UsableRelay, "id" | "login" | "verp">;

/** The relay with its login; nothing when its password does not open, so that the others go on. */
async function usableRelay(app: App, relay: StoredRelay): Promise<readonly KnownLogin[]> {
  try {
    return [await opened(app, relay)];
  } catch (error) {
    app.log("error", "relay_password_unreadable", { relay: relay.id, reason: reasonOf(error) });
    return [];
  }
}

async function opened(app: App, relay: StoredRelay): Promise<KnownLogin> {
  const { id, host, port, tls, username, verp, sealedPassword } = relay;
  const password =
    sealedPassword === null
      ? null
      : await open(app.config.encryptionKey, `relay:${id}`, sealedPassword);
  // `none` is only ever stored for a loopback relay in local development.
  const allowCleartextAuth = tls === "none" && app.config.localDev;
  return { id, verp, login: { host, port, tls, username, password, allowCleartextAuth } };
}
