// What an endpoint is posted of an event, in the words of its format and as far as it subscribes.
import { type DeliveryEvent, isEvent, type StoppedEntry } from "../../model/event.ts";
import { subscribes, type Webhook, type WebhookEntry } from "../../model/webhook.ts";
import { kasapostEntries, type Letter } from "./kasapost.ts";
import { kasploEntry } from "./kasplo.ts";

/** The entries of one event, in order; `letters` are needed by format kasapost only, by message id. */
export async function entriesFor(
  webhook: Pick<Webhook, "format" | "events">,
  event: DeliveryEvent | StoppedEntry,
  letters: ReadonlyMap<string, Letter>,
): Promise<readonly WebhookEntry[]> {
  switch (webhook.format) {
    case "kasplo":
      return isEvent(event) && subscribes(webhook, event.name) ? [kasploEntry(event)] : [];
    case "kasapost": {
      const entries = await kasapostEntries(event, letters.get(event.messageId) ?? null);
      return entries.filter((entry) => subscribes(webhook, entry.event));
    }
  }
}
