// Webhook endpoints: what a customer may set, what the product keeps, and when an endpoint is given up.
import { open } from "../lib/seal.ts";
import { EVENT_NAMES, type EventName } from "./event.ts";

/** The dialects of bodies that exist. */
export const WEBHOOK_FORMATS = ["kasplo", "kasapost"] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** What happens in the words of the KasaPost API (contract 1.3). */
export const KASAPOST_EVENTS = [
  "accepted",
  "delivered",
  "deferred",
  "failed",
  "bounced",
  "suppressed",
  "complained",
] as const;
export type KasapostEvent = (typeof KASAPOST_EVENTS)[number];

/** Names of events in the words of one format. */
export type WebhookEvent = EventName | KasapostEvent;

/** The names that each format has. */
export const FORMAT_EVENTS: Readonly<Record<WebhookFormat, readonly WebhookEvent[]>> = {
  kasplo: EVENT_NAMES,
  kasapost: KASAPOST_EVENTS,
};

/** Each endpoint is woken for every commit of events; more would slow all of them. */
export const MAX_WEBHOOKS = 50;

/** Decision 4: for so long after a rotation the old secret signs too. */
export const ROTATION_MS = 24 * 3_600_000;

/** Decision 5: an endpoint that only failed for so long is disabled. */
export const FAILING_LIMIT_MS = 5 * 24 * 3_600_000;

/** A webhook endpoint. Secrets are sealed (lib/seal.ts) under `webhook:<id>`. Times in epoch ms. */
export type Webhook = {
  readonly id: string;
  readonly url: string;
  /** Null subscribes to all. */
  readonly events: readonly WebhookEvent[] | null;
  readonly format: WebhookFormat;
  readonly sealedSecret: string;
  readonly sealedPrevious: string | null;
  readonly previousUntil: number | null;
  /** The position in the event log that was handled last. */
  readonly cursor: number;
  readonly state: "enabled" | "disabled";
  readonly disabledReason: string | null;
  /** The first failure since the last success. */
  readonly failingSince: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** One event that could not be posted yet, with the exact body of its every try. */
export type WebhookEntry = {
  /** The event's id, which is the `webhook-id`. */
  readonly id: string;
  readonly at: number;
  readonly event: WebhookEvent;
  readonly body: string;
  /** What the last try came to; empty when there was none. */
  readonly error: string;
  /** The last try itself; absent when nothing was sent. */
  readonly last?: LastTry;
};

/** One try: where and when (epoch ms) it was sent, and what came back in how many milliseconds. */
export type LastTry = {
  readonly at: number;
  readonly url: string;
  /** Null when nothing came back. */
  readonly status: number | null;
  readonly ms: number;
  /** The beginning of the answer's body. */
  readonly answer: string;
};

/** Entries that share a number of tries and a time; or, with a range, a piece of the log to replay. */
export type WebhookJob = {
  readonly id: string;
  readonly webhookId: string;
  /** When to try next; null when exhausted. */
  readonly dueAt: number | null;
  readonly tries: number;
  readonly entries: readonly WebhookEntry[];
  /** Positions still to replay: after `from`, up to `to`. */
  readonly range: { readonly from: number; readonly to: number } | null;
};

/** Whether events of this name go to the endpoint. */
export function subscribes(webhook: Pick<Webhook, "events">, event: WebhookEvent): boolean {
  return webhook.events === null || webhook.events.includes(event);
}

/** What an endpoint's secrets are sealed for. */
export function sealPurpose(webhookId: string): string {
  return `webhook:${webhookId}`;
}

/**
 * The secrets that sign now: the current one, and the one before it for 24 h after a rotation. One that
 * cannot be opened (ENCRYPTION_KEY is another one now) is left out; a rotation makes a new one.
 */
export async function signingSecrets(
  encryptionKey: string,
  webhook: Webhook,
  now: number,
): Promise<readonly string[]> {
  const { sealedSecret, sealedPrevious, previousUntil } = webhook;
  const rotating = sealedPrevious !== null && previousUntil !== null && now < previousUntil;
  const sealed = [sealedSecret, ...(rotating ? [sealedPrevious] : [])];
  const purpose = sealPurpose(webhook.id);
  const opened = await Promise.all(
    sealed.map((text) => open(encryptionKey, purpose, text).catch(() => null)),
  );
  return opened.filter((secret) => secret !== null);
}

/** What is said of an endpoint that nothing can sign for. */
export const SECRET_LOST = "its secret cannot be read any more; rotate it to make a new one";
