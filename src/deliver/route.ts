// Which relays of a pool may carry mail now, and whose turn it is. Pure.
import { relayState, type UsableRelay } from "../model/relay.ts";

/** A relay in a pool; weight 0 stands by. */
export type Member = { readonly relay: UsableRelay; readonly weight: number };

/** What a pool can do now. */
export type Route =
  /** These share the mail; one message may find out whether `probe`, put aside before, works again. */
  | {
      readonly kind: "open";
      readonly members: readonly Member[];
      readonly probe: UsableRelay | null;
    }
  /** Only a relay in doubt is there: one message at a time. */
  | { readonly kind: "probe"; readonly probe: UsableRelay }
  /** Every relay is put aside until then (epoch milliseconds), or being probed. */
  | { readonly kind: "wait"; readonly until: number }
  /** The pool has no relay. */
  | { readonly kind: "none" };

/** A probe that is under way is waited for this long before its pool's mail is looked at again. */
const PROBE_WAIT_MS = 10_000;

/** What a pool can do at `now`; relays in `probed` are being probed already. */
export function route(
  members: readonly Member[],
  now: number,
  probed: ReadonlySet<string> = new Set(),
): Route {
  if (members.length === 0) return { kind: "none" };
  let probe: UsableRelay | null = null;
  for (const tier of tiersOf(members)) {
    const doubtful = tier.find(
      ({ relay }) => relayState(relay.health, now) === "probing" && !probed.has(relay.id),
    );
    probe ??= doubtful?.relay ?? null;
    const well = tier.filter(({ relay }) => relayState(relay.health, now) === "usable");
    if (well.length > 0) return { kind: "open", members: well, probe };
  }
  if (probe) return { kind: "probe", probe };
  const until = members.map(({ relay }) => Math.max(relay.health?.asideUntil ?? 0, 0));
  return {
    kind: "wait",
    until: Math.min(...until.map((at) => (at > now ? at : now + PROBE_WAIT_MS))),
  };
}

/** Those with a weight first, then each stand-by in its place. */
function tiersOf(members: readonly Member[]): readonly (readonly Member[])[] {
  const weighted = members.filter(({ weight }) => weight > 0);
  return [weighted, ...members.filter(({ weight }) => weight === 0).map((one) => [one])];
}

/** By relay: how many turns, times the pool's weight, it is owed. The sum is 0. */
export type Credits = ReadonlyMap<string, number>;

/** An open connection is worth this many messages ahead of its relay's share. */
const STINT = 25;

/** What is chosen by weight. */
type Weighted = { readonly id: string; readonly weight: number };

/** Credits with which the first turn falls on each relay as often as its weight says; 0 ≤ random < 1. */
export function startCredits(members: readonly Weighted[], random: number): Credits {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  let place = random * total;
  const first = members.find(({ weight }) => (place -= weight) < 0);
  return new Map(members.map(({ id, weight }) => [id, (id === first?.id ? total : 0) - weight]));
}

/**
 * Whose turn it is: smooth weighted round robin, but `held`, to which a connection is open, goes on until
 * it is a stint ahead of its share. Members are not empty; all of weight 0 count alike.
 */
export function nextTurn(
  members: readonly Weighted[],
  credits: Credits,
  held: string | null,
): { readonly id: string; readonly credits: Credits } {
  const counted = members.map(({ id, weight }) => ({ id, weight: Math.max(weight, 1) }));
  const total = counted.reduce((sum, { weight }) => sum + weight, 0);
  const grown = counted.map(({ id, weight }) => ({ id, credit: (credits.get(id) ?? 0) + weight }));
  const best = grown.reduce((most, one) => (one.credit > most.credit ? one : most));
  const stays = grown.find(({ id, credit }) => id === held && credit > -STINT * total);
  const { id } = stays ?? best;
  const next = new Map(credits);
  for (const one of grown) next.set(one.id, one.credit - (one.id === id ? total : 0));
  return { id, credits: next };
}
