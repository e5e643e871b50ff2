// From rows of the event log to what one endpoint is posted, and how far a round of posts got. Pure.
import type { Webhook, WebhookEntry } from "../model/webhook.ts";
import type { ToldRow } from "../store/event.ts";
import { entriesFor } from "./payload/format.ts";
import type { Letter } from "./payload/kasapost.ts";
import type { Tried } from "./post.ts";

/** An entry and the position of the row that it came from. */
export type LogEntry = { readonly position: number; readonly entry: WebhookEntry };

/** The events of these rows that the endpoint subscribes to, in order. */
export async function entriesFrom(
  log: readonly ToldRow[],
  webhook: Webhook,
  letters: ReadonlyMap<string, Letter>,
): Promise<readonly LogEntry[]> {
  const all: LogEntry[] = [];
  for (const { position, events } of log) {
    for (const event of events) {
      for (const entry of await entriesFor(webhook, event, letters)) all.push({ position, entry });
    }
  }
  return all;
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
