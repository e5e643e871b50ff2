// How /v1/messages shows messages, deliveries and what happened to them (decision 19). Pure.
import * as z from "zod";
import { type Attempt, DELIVERY_STATES, isReport } from "../../model/delivery.ts";
import { clickTrackingId, MAIL_CLASSES, type Message } from "../../model/message.ts";
import type { DeliveryRecord } from "../../store/delivery.ts";
import type { ListedMessage } from "../../store/message-list.ts";
import { iso, isoTime, maybeTime } from "./native.ts";

const summaryView = z.object({
  id: z.string(),
  created_at: isoTime,
  send_at: maybeTime.describe("When it is to be sent, if later than it was accepted"),
  from: z.string(),
  subject: z.string(),
  tags: z.string(),
  mail_class: z.enum(MAIL_CLASSES),
  sendid: z.string(),
  listid: z.string(),
  metadata: z.record(z.string(), z.string()),
});

/** What `listed` makes. */
export const listedView = summaryView.extend({
  recipients: z.int(),
  states: z.record(z.string(), z.int()),
});

const attemptView = z.object({
  at: isoTime,
  relay: z.string(),
  result: z.enum(["success", "failure", "deferral", "unknown"]),
  code: z.int().nullable(),
  reply: z.string(),
  tls: z.boolean().nullable(),
});

const visits = z.object({ people: z.int(), machines: z.int(), unique: z.int() });

/** What `detailed` makes. */
export const detailedView = summaryView.extend({
  deliveries: z.array(
    z.object({
      click_tracking_id: z.string(),
      /** Null when the recipient was erased. */
      email: z.string().nullable(),
      erased: z.literal(true).optional(),
      state: z.enum(DELIVERY_STATES),
      next_attempt_at: maybeTime,
      attempts: z.array(attemptView),
    }),
  ),
  tracking: z.object({ opens: visits, clicks: visits }),
  timeline: z.array(
    z.object({
      at: isoTime,
      event: z.string(),
      click_tracking_id: z.string().optional(),
      result: z.string().optional(),
      code: z.int().nullable().optional(),
      reply: z.string().optional(),
      machine: z.boolean().optional(),
    }),
  ),
});

/** A message without its deliveries. */
export function summary(message: Message) {
  return {
    id: message.id,
    created_at: iso(message.createdAt),
    send_at: iso(message.sendAt ?? null),
    from: message.from.name
      ? `${message.from.name} <${message.from.address}>`
      : message.from.address,
    subject: message.subject,
    tags: message.tags,
    mail_class: message.mailClass,
    sendid: message.sendId,
    listid: message.listId,
    metadata: message.metadata,
  };
}

/** A message in a list. */
export function listed({ message, states }: ListedMessage) {
  const erased = message.recipients.filter((one) => one.erased !== undefined).length;
  const counts = erased > 0 ? { ...states, erased } : states;
  return { ...summary(message), recipients: message.recipients.length, states: counts };
}

/** A message with everything that happened to it. */
export function detailed(message: Message, deliveries: readonly DeliveryRecord[]) {
  return {
    ...summary(message),
    deliveries: shownDeliveries(message, deliveries),
    tracking: tracked(deliveries),
    timeline: timeline(message, deliveries),
  };
}

/** Every recipient's delivery; of one who was erased, how it ended. */
function shownDeliveries(message: Message, deliveries: readonly DeliveryRecord[]) {
  const byPosition = new Map(deliveries.map((delivery) => [delivery.position, delivery]));
  return message.recipients.flatMap(({ address, erased }, position): readonly object[] => {
    const click_tracking_id = clickTrackingId(message.id, position);
    if (erased !== undefined) {
      const nothing = { next_attempt_at: null, attempts: [] };
      return [{ click_tracking_id, email: null, erased: true, state: erased, ...nothing }];
    }
    const delivery = byPosition.get(position);
    if (!delivery) return [];
    const { state } = delivery;
    const attempts = delivery.history.map(shownAttempt);
    return [
      { click_tracking_id, email: address, state, next_attempt_at: iso(delivery.dueAt), attempts },
    ];
  });
}

/** Opens and clicks, people's and machines' apart; unique counts are deliveries with a person's. */
function tracked(deliveries: readonly DeliveryRecord[]) {
  const count = (kind: "open" | "click") => {
    const lists = deliveries.map(({ activity }) =>
      activity.filter((one) => !isReport(one)).filter((one) => one.kind === kind),
    );
    const all = lists.flat();
    const people = all.filter(({ machine }) => !machine).length;
    const unique = lists.filter((list) => list.some(({ machine }) => !machine)).length;
    return { people, machines: all.length - people, unique };
  };
  return { opens: count("open"), clicks: count("click") };
}

/** An attempt (decision 19). */
export function shownAttempt({ at, relay, result, code, reply, tls }: Attempt) {
  return { at: iso(at), relay, result, code, reply, tls };
}

/** Everything that happened to the message in the order of time. */
function timeline(message: Message, deliveries: readonly DeliveryRecord[]) {
  const attempts = deliveries.flatMap((delivery) =>
    delivery.history.map((attempt) => ({
      time: attempt.at,
      event: "attempt",
      click_tracking_id: clickTrackingId(message.id, delivery.position),
      result: attempt.result,
      reply: attempt.reply,
    })),
  );
  const activity = deliveries.flatMap((delivery) =>
    delivery.activity.map((one) => ({
      time: one.at,
      event: one.kind,
      click_tracking_id: clickTrackingId(message.id, delivery.position),
      ...(isReport(one) ? { code: one.code, reply: one.reply } : { machine: one.machine }),
    })),
  );
  const suppressed = deliveries
    .filter((delivery) => delivery.state === "suppressed")
    .map((delivery) => ({
      time: delivery.suppressedAt ?? message.createdAt,
      event: "suppressed",
      click_tracking_id: clickTrackingId(message.id, delivery.position),
    }));
  const accepted = { time: message.createdAt, event: "accepted" };
  const later = [...suppressed, ...attempts, ...activity].toSorted((a, b) => a.time - b.time);
  return [accepted, ...later].map(({ time, ...rest }) => ({ at: iso(time), ...rest }));
}
