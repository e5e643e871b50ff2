// Posts entries to one endpoint, a few at a time and for a limited time; says what came of each.
import type { App } from "../app.ts";
import { notSent, type PostOutcome, postWebhook } from "../lib/post-webhook.ts";
import type { WebhookEntry } from "../model/webhook.ts";

/** One entry and what came of posting it; null when it was not tried, because the time was up. */
export type Tried = { readonly entry: WebhookEntry; readonly outcome: PostOutcome | null };

/** Where to post to: a judged URL and the secrets that sign, or why nothing may be posted there. */
export type Destination =
  | { readonly url: string; readonly secrets: readonly string[]; readonly refused: null }
  | { readonly refused: string };

/** How much a call may do. The first entry is always tried, so that work goes on. */
export type PostLimits = {
  readonly inFlight: number;
  /** Asked before each entry but the first. */
  readonly goOn: () => boolean;
  /** Told each outcome as it comes. */
  readonly onOutcome: (outcome: PostOutcome) => void;
};

/** Tries entries in order; those that were not tried are at the end of the answer. */
export async function postEntries(
  app: App,
  destination: Destination,
  entries: readonly WebhookEntry[],
  limits: PostLimits,
): Promise<readonly Tried[]> {
  const outcomes = new Map<number, PostOutcome>();
  const queue = entries.entries();
  const work = async () => {
    for (const [index, entry] of queue) {
      if (index > 0 && !limits.goOn()) return;
      const outcome = await tryOnce(app, destination, entry);
      limits.onOutcome(outcome);
      outcomes.set(index, outcome);
    }
  };
  await Promise.all(Array.from({ length: limits.inFlight }, work));
  return entries.map((entry, index) => ({ entry, outcome: outcomes.get(index) ?? null }));
}

async function tryOnce(
  app: App,
  destination: Destination,
  entry: WebhookEntry,
): Promise<PostOutcome> {
  if (destination.refused !== null) return notSent(destination.refused);
  const { url, secrets } = destination;
  return postWebhook(app, { url, secrets, id: entry.id, body: entry.body });
}
