// Which relay carries the next message: the first in order that is not put aside. Pure.
import { relayState, type UsableRelay } from "../model/relay.ts";

/** What to do with due mail now. */
export type Route =
  | { readonly kind: "relay"; readonly relay: UsableRelay; readonly probing: boolean }
  /** Every relay is put aside until then, epoch milliseconds. */
  | { readonly kind: "wait"; readonly until: number }
  /** No relay is configured. */
  | { readonly kind: "none" };

/**
 * Chooses among relays in their order. `probing` means that the relay was put aside and its time is
 * over: one message finds out whether it works again.
 */
export function route(relays: readonly UsableRelay[], now: number): Route {
  const ready = relays.find(({ health }) => relayState(health, now) !== "aside");
  if (ready) {
    return { kind: "relay", relay: ready, probing: relayState(ready.health, now) === "probing" };
  }
  const until = relays.map((relay) => relay.health?.asideUntil ?? now);
  return until.length === 0 ? { kind: "none" } : { kind: "wait", until: Math.min(...until) };
}
