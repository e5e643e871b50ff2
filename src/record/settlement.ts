// Outcome of one attempt → what is committed: the new state, the attempt for the ledger, the events
// (1.9: a failure also is a bounce_all, a bad address also a bounce_bad_address). Pure.
import type { Outcome } from "../deliver/outcome.ts";
import { BAD_ADDRESS, type BounceCode, bounceType } from "../model/bounce.ts";
import {
  type AttemptStatus,
  badAddressOf,
  type DeliveryEvent,
  type EventBase,
} from "../model/event.ts";
import type { Message } from "../model/message.ts";
import { FULL_TEXTS, type FullReason } from "../model/throttle.ts";
import { countsAsSoft } from "../model/soft-bounce.ts";
import type { ClaimedDelivery } from "../store/delivery-claim.ts";
import type { Settlement } from "../store/delivery-settlement.ts";
import type { SoftBounce } from "./repeated.ts";

/** Everything a settlement is made from. */
export type Attempted = {
  readonly delivery: ClaimedDelivery;
  readonly message: Message;
  /** The relay's host as configured. */
  readonly relay: string;
  readonly outcome: Outcome;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly newId: () => string;
};

/** What follows an attempt that settled nothing. */
export type Next =
  | { readonly kind: "retry"; readonly at: number }
  /** In doubt, and the message asked not to be sent twice. */
  | { readonly kind: "hold" }
  | { readonly kind: "expired"; readonly code: BounceCode; readonly text: string };

/** The settlement of an attempt; `next` is asked only of a deferral. */
export function settlementOf(attempted: Attempted, next: () => Next): Settlement {
  const { delivery, outcome } = attempted;
  const attempt = {
    at: attempted.now,
    relay: attempted.relay,
    result: outcome.result,
    code: outcome.code,
    reply: outcome.reply,
    tls: outcome.tls,
  };
  switch (outcome.state) {
    case "delivered": {
      const events = [attemptEvent(attempted, "success", outcome.text)];
      return { delivery, state: "delivered", dueAt: null, attempt, events, suppress: false };
    }
    case "bounced": {
      const code = outcome.code ?? 40;
      const events = [
        attemptEvent(attempted, "failure", outcome.text),
        ...bounceEvents(attempted, code, outcome.text),
      ];
      const suppress = code === BAD_ADDRESS;
      return { delivery, state: "bounced", dueAt: null, attempt, events, suppress };
    }
    case "deferred":
      return deferred(attempted, attempt, next());
  }
}

function deferred(attempted: Attempted, attempt: Settlement["attempt"], next: Next): Settlement {
  const { delivery, outcome } = attempted;
  switch (next.kind) {
    case "retry": {
      const events = [attemptEvent(attempted, "deferral", outcome.text)];
      return { delivery, state: "deferred", dueAt: next.at, attempt, events, suppress: false };
    }
    case "hold": {
      const events = [attemptEvent(attempted, "deferral", outcome.text)];
      return { delivery, state: "held", dueAt: null, attempt, events, suppress: false };
    }
    case "expired": {
      const events = [
        attemptEvent(attempted, "failure_toolong", next.text),
        bounceEvent(attempted, "bounce_all", next.code, next.text),
      ];
      return { delivery, state: "expired", dueAt: null, attempt, events, suppress: false };
    }
  }
}

/** The soft bounce of a settlement; null when there is none that says something of the address. */
export function softBounceOf({ delivery, attempt, events }: Settlement): SoftBounce | null {
  const soft = events.some(
    (event) => event.name === "bounce_all" && countsAsSoft(event.bounceCode, "in the dialogue"),
  );
  const { recipient, messageId } = delivery;
  return soft ? { recipient, messageId, at: attempt.at } : null;
}

/** A settlement whose soft bounce was one too many: the address is a bad one (1.9.3). */
export function asBadAddress(settlement: Settlement, newId: () => string): Settlement {
  const bad = settlement.events.flatMap((event) => badAddressOf(event, newId));
  return { ...settlement, events: [...settlement.events, ...bad], suppress: true };
}

function bounceEvents(attempted: Attempted, code: BounceCode, text: string): DeliveryEvent[] {
  const bounce = bounceEvent(attempted, "bounce_all", code, text);
  const all = { ...bounce, deliveredAt: null };
  return code === BAD_ADDRESS
    ? [all, bounceEvent(attempted, "bounce_bad_address", code, text)]
    : [all];
}

/** What is told of a delivery for which there is no room now: no attempt is made (F-079). */
export function waitingEvent(
  waiting: Omit<Attempted, "relay" | "outcome">,
  reason: FullReason,
): DeliveryEvent {
  return told(waiting, "connmaxout", `${FULL_TEXTS[reason]}\n`);
}

function attemptEvent(
  attempted: Attempted,
  status: Exclude<AttemptStatus, "connmaxout">,
  text: string,
): DeliveryEvent {
  const first = attempted.delivery.attempts === 0 ? { first: true as const } : {};
  return { ...told(attempted, status, text), ...first };
}

function told(
  attempted: Omit<Attempted, "relay" | "outcome">,
  status: AttemptStatus,
  text: string,
): Extract<DeliveryEvent, { name: "delivery_attempt" }> {
  const { message } = attempted;
  return {
    ...base(attempted),
    name: "delivery_attempt",
    from: message.from.address,
    injectedAt: message.createdAt,
    text,
    status,
  };
}

function bounceEvent(
  attempted: Attempted,
  name: "bounce_all" | "bounce_bad_address",
  code: BounceCode,
  text: string,
): DeliveryEvent {
  return { ...base(attempted), name, bounceType: bounceType(code), bounceCode: code, text };
}

function base({ delivery, message, now, newId }: Omit<Attempted, "relay" | "outcome">): EventBase {
  return {
    id: newId(),
    at: now,
    messageId: message.id,
    position: delivery.position,
    email: message.recipients[delivery.position]?.address ?? delivery.recipient,
    tags: message.tags,
    sendId: message.sendId,
    listId: message.listId,
    mailClass: message.mailClass,
  };
}
