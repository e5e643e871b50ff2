// A vendor's events → reports of our deliveries, recorded by the conductor of the road back; and what
// became of each kind, in numbers. Safe to repeat: what was recorded is known the second time.
import type { App } from "../../app.ts";
import { timeOfUuidv7 } from "../../lib/id.ts";
import { placeOfMark } from "../../model/intake.ts";
import {
  messageIdOfHeader,
  type Report,
  type ReportOutcome,
  type ReportPlace,
} from "../../model/report.ts";
import { twice } from "../../store/db.ts";
import { readReported } from "../../store/delivery-report.ts";
import { type RepliedPlace, readReplied } from "../../store/delivery-reply.ts";
import { unsubscribeAll, type Wish } from "../../store/suppression-unsubscribe.ts";
import { receiveReports } from "../receive.ts";
import type { Meaning, Meant, VendorEvent } from "./vendor-event.ts";

/** What became of the events of a request. */
export type IntakeCounts = Readonly<
  Record<"events" | ReportOutcome | "ignored" | "unknown", number>
>;

/** Look-ups and unsubscribes of one round trip, as many as reports. */
const BATCH = 100;

/** Records what the events say. Throws when D1 does not answer: then all may be brought again. */
export async function receiveEvents(
  app: App,
  events: readonly VendorEvent[],
): Promise<IntakeCounts> {
  const told = events.flatMap((event) => {
    const { meaning } = event;
    return meaning.kind === "ignored" || meaning.kind === "unknown" ? [] : [{ ...event, meaning }];
  });
  const places = await placesOf(
    app,
    told.map(({ meant }) => meant),
  );
  const reports: Report[] = [];
  const wishes: Asked[] = [];
  const outcomes: ReportOutcome[] = [];
  for (const [n, { meaning, at }] of told.entries()) {
    const place = places[n] ?? null;
    if (place === null) {
      outcomes.push("not_found");
      continue;
    }
    // Vendors round to seconds: nothing happened before the mail was accepted.
    const when = Math.max(at ?? app.now(), timeOfUuidv7(place.messageId));
    if (meaning.kind === "unsubscribe") wishes.push({ place, at: when, reason: meaning.reply });
    else reports.push({ place, at: when, said: meaning });
  }
  outcomes.push(...(await receiveReports(app, reports)), ...(await grant(app, wishes)));
  return countsOf(events, outcomes);
}

function countsOf(
  events: readonly VendorEvent[],
  outcomes: readonly ReportOutcome[],
): IntakeCounts {
  const count = (outcome: ReportOutcome) => outcomes.filter((one) => one === outcome).length;
  const kind = (name: Meaning["kind"]) =>
    events.filter(({ meaning }) => meaning.kind === name).length;
  return {
    events: events.length,
    recorded: count("recorded"),
    known: count("known"),
    not_found: count("not_found"),
    too_early: count("too_early"),
    ignored: kind("ignored"),
    unknown: kind("unknown"),
  };
}

/**
 * The delivery that each event means: by our mark, else by the id in the relay's 250 reply, else by the
 * Message-ID, else by the return path; null when nothing names one.
 */
async function placesOf(
  app: App,
  meant: readonly Meant[],
): Promise<readonly (ReportPlace | null)[]> {
  const marked = meant.map(({ mark }) => (mark === null ? null : placeOfMark(mark)));
  const wanted = meant.flatMap(({ replyIds, addresses }, n) =>
    marked[n] ? [] : replyIds.flatMap((id) => addresses.map((recipient) => ({ recipient, id, n }))),
  );
  const replied: (RepliedPlace | null)[] = [];
  for (let start = 0; start < wanted.length; start += BATCH) {
    replied.push(...(await readReplied(app.db, wanted.slice(start, start + BATCH))));
  }
  const byReply = new Map(
    wanted.flatMap(({ n }, index) => {
      const place = replied[index];
      return place ? [[n, place] as const] : [];
    }),
  );
  return Promise.all(
    meant.map(async (one, n) => {
      const place = marked[n] ?? byReply.get(n);
      return place ? { by: "place", ...place } : (byMessageId(one) ?? byReturnPath(app, one));
    }),
  );
}

function byMessageId({ messageId, addresses }: Meant): ReportPlace | null {
  const id = messageId === null ? null : messageIdOfHeader(messageId);
  // The vendor's word for the address is proved like the rest of its event.
  return id === null ? null : { by: "message_id", messageId: id, recipient: addresses[0] ?? null };
}

/** Some relays replace the Message-ID and keep the reverse-path. */
async function byReturnPath(app: App, { returnPath }: Meant): Promise<ReportPlace | null> {
  if (returnPath === null) return null;
  const read = await app.returnPaths.read(returnPath, app.now());
  if (read.kind !== "place") return null;
  return { by: "place", messageId: read.messageId, position: read.position };
}

/** A reader's wish for no more mail. */
type Asked = { readonly place: ReportPlace; readonly at: number; readonly reason: string };

/** Unsubscribes those whose mail is ours. */
async function grant(app: App, asked: readonly Asked[]): Promise<readonly ReportOutcome[]> {
  const outcomes: ReportOutcome[] = [];
  for (let start = 0; start < asked.length; start += BATCH) {
    outcomes.push(...(await grantBatch(app, asked.slice(start, start + BATCH))));
  }
  // Also when nothing was recorded: then the first commit may have succeeded unseen.
  if (asked.length > 0) app.background("wake_webhooks_failed", app.wake.events());
  return outcomes;
}

async function grantBatch(app: App, asked: readonly Asked[]): Promise<readonly ReportOutcome[]> {
  const found = await readReported(
    app.db,
    asked.map(({ place }) => place),
  );
  // Of several wishes of one address the first is told.
  const wishes = new Map<string, Wish>();
  for (const [n, { at, reason }] of asked.entries()) {
    const delivery = found[n];
    if (!delivery || wishes.has(delivery.recipient)) continue;
    const { messageId, position, email, tags, sendId, listId, mailClass } = delivery;
    const about = { messageId, position, email, tags, sendId, listId, mailClass };
    const event = { ...about, id: app.newId(), at: Math.min(at, app.now()) };
    wishes.set(delivery.recipient, { event: { ...event, name: "unsubscribe" }, reason });
  }
  const fired =
    wishes.size === 0
      ? new Set<string>()
      : await twice(() => unsubscribeAll(app.db, [...wishes.values()], app.now()));
  return found.map((delivery) => {
    if (!delivery) return "not_found";
    const { event } = wishes.get(delivery.recipient) ?? {};
    wishes.delete(delivery.recipient);
    return event && fired.has(event.id) ? "recorded" : "known";
  });
}
