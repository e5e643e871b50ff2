// What happened to a delivery, as one entry of the event log. Dialects make their payloads from it.
import type { BounceType } from "./bounce.ts";
import type { ContentForm } from "./content.ts";
import type { CampaignName, CountedBounce } from "./list-campaign.ts";
import type { MailClass } from "./message.ts";

/** The event names of contract row 1.9.2; an endpoint may subscribe to some of them. */
export const EVENT_NAMES = [
  "delivery_attempt",
  "open",
  "click",
  "bounce_all",
  "bounce_bad_address",
  "unsubscribe",
  "spam_complaint",
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** `status` of a delivery_attempt; with connmaxout a limit of ours was reached and no attempt made (F-079). */
export const ATTEMPT_STATUSES = [
  "success",
  "failure",
  "failure_toolong",
  "deferral",
  "connmaxout",
] as const;
export type AttemptStatus = (typeof ATTEMPT_STATUSES)[number];

/** What every event says about the delivery it belongs to. */
export type EventBase = {
  /** UUIDv7; also the `webhook-id`. Holds no dot. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly messageId: string;
  readonly position: number;
  readonly email: string;
  readonly tags: string;
  readonly sendId: string;
  readonly listId: string;
  /** For statistics; left out when the message was purged before. */
  readonly mailClass?: MailClass;
};

/** What happened, as it is told. */
export type DeliveryEvent =
  | (EventBase & {
      readonly name: "delivery_attempt";
      readonly from: string;
      /** Accept time, epoch milliseconds. */
      readonly injectedAt: number;
      /** 3.8 text with real newlines. */
      readonly text: string;
      readonly status: AttemptStatus;
      /** It was the first attempt of this delivery. */
      readonly first?: true;
    })
  | (EventBase & {
      readonly name: "bounce_all" | "bounce_bad_address";
      readonly bounceType: BounceType;
      readonly bounceCode: number;
      /** 3.8 text with real newlines. */
      readonly text: string;
      /**
       * Only where this bounce ended the delivery: when a relay had taken it, epoch milliseconds, or null
       * when none had. An expired delivery's bounce, an automatic reply or a delay ends none.
       */
      readonly deliveredAt?: number | null;
      /** Only where others said it later: how the delivery's bounces counted until then. */
      readonly reported?: { readonly before: CountedBounce | null };
    })
  | (EventBase & Visit & { readonly name: "open" })
  | (EventBase &
      Visit & {
        readonly name: "click";
        readonly url: string;
        /** A person's first of this link of this delivery. */
        readonly firstOfLink?: boolean;
      })
  | (EventBase & { readonly name: "unsubscribe" | "spam_complaint" });

/** Who opened or clicked. */
type Visit = {
  readonly ip: string;
  readonly userAgent: string;
  /** An image proxy, a scanner or the like, not a person (track/machine.ts). */
  readonly machine: boolean;
  /** A person's first of this kind, of this delivery: what unique counts count. */
  readonly first?: boolean;
};

/**
 * What the log also keeps and nobody is told: a suppression stopped a delivery that was to be claimed, or one of
 * a list's mail was cancelled.
 */
export type SilentEntry = {
  readonly name: "suppressed" | "cancelled";
  /** Epoch milliseconds. */
  readonly at: number;
  readonly mailClass: MailClass;
  readonly tags: string;
  /** The recipient's, "" of one that is erased; no address stands here, so that there is none to erase. */
  readonly domain: string;
  /** Only of a list's mail: where it was counted as sent. `startedAt` is its accept, epoch milliseconds. */
  readonly campaign?: CampaignName & { readonly form: ContentForm; readonly startedAt: number };
};

/**
 * A suppression stopped a recipient when the mail was accepted, at a door whose API tells of it. Contract row
 * 1.9.2 has no such event, so only the format of that API tells it.
 */
export type StoppedEntry = EventBase & { readonly name: "stopped" };

/** One entry of the event log. */
export type LogEntry = DeliveryEvent | SilentEntry | StoppedEntry;

/** Whether an entry is an event of contract row 1.9.2. */
export function isEvent(entry: LogEntry): entry is DeliveryEvent {
  return isTold(entry) && entry.name !== "stopped";
}

/** Whether an entry tells of one delivery. */
export function isTold(entry: LogEntry): entry is DeliveryEvent | StoppedEntry {
  return entry.name !== "suppressed" && entry.name !== "cancelled";
}

/** A place in the event log: a row, and how many of its events lie before. */
export type EventCursor = { readonly position: number; readonly index: number };

/** A place as answers tell it: `position.index`. */
export function eventCursor(text: string): EventCursor {
  const [position = "", index = ""] = text.split(".");
  return { position: Number(position), index: Number(index) };
}

/** Whether a machine did it. */
export function byMachine(event: DeliveryEvent): boolean {
  return "machine" in event && event.machine;
}

/** The bounce_bad_address that comes in addition to a bounce_all; nothing for other events. */
export function badAddressOf(event: DeliveryEvent, newId: () => string): readonly DeliveryEvent[] {
  return event.name === "bounce_all" ? [{ ...event, id: newId(), name: "bounce_bad_address" }] : [];
}
