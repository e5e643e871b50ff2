// From rows of the event log to what one endpoint is posted, and how far a round of posts got. Pure.
import { subscribes, type Webhook, type WebhookEntry } from "../model/webhook.ts";
import type { LogRow } from "../store/event.ts";
import { kasploEntry } from "./payload/kasplo.ts";
import type { Tried } from "./post.ts";

/** An entry and the position of the row that it came from. */
export type LogEntry = { readonly position: number; readonly entry: WebhookEntry };

/** The events of these rows that the endpoint subscribes to, in order. */
export function entriesFrom(log: readonly LogRow[], webhook: Webhook): readonly LogEntry[] {
  return log.flatMap(({ position, events }) =>
    events
      .filter((event) => subscribes(webhook, event.name))
      .map((event) => ({ position, entry: kasploEntry(event) })),
  );
}

/** How far a round got: the last row that needs no other look, and what was handled up to there. */
export type Reached = { readonly position: number; readonly handled: readonly Tried[] };

/**
 * A position stands for whole rows: rows of which nothing was tried are left for the next look, and in
 * the one that was begun the rest counts as handled too (it will be kept as not tried).
 */
export function reached(
  entries: readonly LogEntry[],
  tried: readonly Tried[],
  end: number,
): Reached {
  const firstUntried = tried.findIndex(({ outcome }) => outcome === null);
  if (firstUntried < 0) return { position: end, handled: tried };
  const position = entries[firstUntried - 1]?.position ?? 0;
  const handled = tried.filter((_, index) => (entries[index]?.position ?? end) <= position);
  return { position, handled };
}
