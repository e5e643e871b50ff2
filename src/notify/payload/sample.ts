// Events that never happened, of each kind, as an endpoint would be posted them: for people who write or
// test a receiver. Recognisable by their addresses (RFC 2606, RFC 5737) and their tag. Pure.
import type { DeliveryEvent, StoppedEntry } from "../../model/event.ts";
import { FORMAT_EVENTS, type WebhookEntry, type WebhookFormat } from "../../model/webhook.ts";
import { entriesFor } from "./format.ts";
import type { Letter } from "./kasapost.ts";

/** Which event and message a sample tells of, and when it would have happened (epoch ms). */
export type About = { readonly id: string; readonly now: number };

const TAG = "webhook-test";

const VISIT = { ip: "192.0.2.1", userAgent: "Mozilla/5.0 (sample)", machine: false };

const LETTER: Letter = {
  from: { address: "sender@example.com", name: "Sample" },
  subject: "A sample",
};

const ACCEPTED = "192.0.2.1 accepted message.\nRemote host said: 250 2.0.0 OK\n";
const DEFERRED = "192.0.2.1 does not like recipient.\nRemote host said: 451 4.7.1 Try later\n";
const REFUSED = "192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 No such user\n";

/** One sample of each event that a format has, in the order of its names. */
export async function samplesOf(
  format: WebhookFormat,
  about: About,
): Promise<readonly WebhookEntry[]> {
  const letters = new Map([[about.id, LETTER]]);
  const told = await Promise.all(
    eventsAbout(about).map((event) => entriesFor({ format, events: null }, event, letters)),
  );
  const entries = told.flat();
  return FORMAT_EVENTS[format].flatMap((name) => entries.find(({ event }) => event === name) ?? []);
}

/** Everything that can happen to one delivery. */
function eventsAbout({ id, now }: About): readonly (DeliveryEvent | StoppedEntry)[] {
  const base = {
    id,
    at: now,
    messageId: id,
    position: 0,
    email: "recipient@example.com",
    tags: TAG,
    sendId: TAG,
    listId: TAG,
  };
  const attempt = {
    ...base,
    name: "delivery_attempt",
    from: LETTER.from.address,
    injectedAt: now,
  } as const;
  const bounce = { ...base, bounceType: "h", bounceCode: 10, text: REFUSED } as const;
  return [
    { ...attempt, first: true, status: "success", text: ACCEPTED },
    { ...attempt, status: "deferral", text: DEFERRED },
    { ...attempt, status: "failure", text: REFUSED },
    { ...bounce, name: "bounce_all", deliveredAt: now },
    { ...bounce, name: "bounce_bad_address" },
    { ...base, ...VISIT, name: "open" },
    { ...base, ...VISIT, name: "click", url: "https://example.com/" },
    { ...base, name: "unsubscribe" },
    { ...base, name: "spam_complaint" },
    { ...base, name: "stopped" },
  ];
}
