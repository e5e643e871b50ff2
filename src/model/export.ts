// Exports: what may be asked for, how far one is, and its limits (D-20, F-103, F-184, F-188). Pure.
import { timeOfUuidv7 } from "../lib/id.ts";
import type { TableFormat } from "../lib/table.ts";
import type { DeliveryState } from "./delivery.ts";
import { eventCursor, type EventName } from "./event.ts";
import type { MailClass } from "./message.ts";
import type { Span } from "./stats.ts";
import type { SuppressionScope } from "./suppression.ts";

/** What can be exported. */
export const EXPORT_KINDS = [
  "events",
  "messages",
  "statistics",
  "suppressions",
  "contacts",
] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];

/** `closing`: all is read, the parts of the file are being put together. */
export const EXPORT_STATES = [
  "queued",
  "running",
  "closing",
  "done",
  "failed",
  "cancelled",
] as const;
export type ExportState = (typeof EXPORT_STATES)[number];

const DAY_MS = 24 * 60 * 60 * 1000;

/** Longer ranges are asked for in pieces: one export has its end in sight. */
export const MAX_RANGE_DAYS = 366;
export const MAX_RANGE_MS = MAX_RANGE_DAYS * DAY_MS;

/** Exports that are being made or can be fetched, at a time: files are a copy of what is kept anyway. */
export const MAX_LIVING_EXPORTS = 50;

/** So long a finished file can be fetched, or a failed export be looked at. */
export const EXPORT_DAYS = 7;
export const EXPORT_LIFE_MS = EXPORT_DAYS * DAY_MS;

/** Which records are in it, and what of them; null lets all in. */
export type ExportFilters = {
  /** Of events: these names. */
  readonly events: readonly EventName[] | null;
  /** Of events and messages: deliveries that are in this state when they are read. */
  readonly state: DeliveryState | null;
  /** Of events, messages and statistics; older orders have none. */
  readonly mailClass?: MailClass | null;
  /** Of suppressions. */
  readonly scope: SuppressionScope | null;
  /** Of statistics: what one record counts; never null there. */
  readonly interval: Span | null;
  readonly by: StatisticsBy | null;
  /** Of contacts: those on this list. */
  readonly list: { readonly id: number; readonly name: string } | null;
  /** Of contacts: the custom fields there were when it was ordered; they are columns. */
  readonly columns: readonly ExportColumn[] | null;
};

/** Kinds whose records are of mail, and so of one of its classes. */
export const CLASSED_KINDS = [
  "events",
  "messages",
  "statistics",
] as const satisfies readonly ExportKind[];

/** Whether the records of a kind are of a mail class. */
export function isClassed(kind: ExportKind): boolean {
  return CLASSED_KINDS.some((one) => one === kind);
}

/** A custom field by `custom_fields.id`; one that is renamed meanwhile keeps its column's name. */
export type ExportColumn = { readonly id: number; readonly name: string };

/** Whether a record is of the mail class that an export is kept to, if it is to any. */
export function isOfClass(
  { filters }: Pick<Export, "filters">,
  mailClass: MailClass | undefined,
): boolean {
  return (filters.mailClass ?? null) === null || filters.mailClass === mailClass;
}

/** How statistics are counted: the same happenings either way. */
export const STATISTICS_BY = ["domain_group", "tag"] as const;
export type StatisticsBy = (typeof STATISTICS_BY)[number];

/** What was asked for. Times are epoch milliseconds. */
export type ExportOrder = {
  readonly id: string;
  /** The API key that asked. */
  readonly keyId: string;
  readonly kind: ExportKind;
  readonly format: TableFormat;
  readonly filters: ExportFilters;
  /**
   * Both inclusive: accept times of messages, commit times of events, beginnings of intervals, when a suppression
   * or a contact was added, or a contact came onto the list.
   */
  readonly from: number;
  readonly to: number;
  /** The range ends where the export began: nothing else that was committed by then is left out. */
  readonly untilNow: boolean;
  readonly createdAt: number;
};

/** An export and how far it is. */
export type Export = Omit<ExportOrder, "untilNow"> & {
  readonly state: ExportState;
  /** Events: the last position of the log that belongs to it; contacts: the last id. */
  readonly logEnd: number;
  /** The moment of the oldest record there was; null when there was none. */
  readonly oldest: number | null;
  /** Where the next record is looked for; null before the first and after the last. */
  readonly cursor: string | null;
  readonly rows: number;
  /** Bytes of the file so far. */
  readonly bytes: number;
  readonly objectKey: string | null;
  /** Why it failed. */
  readonly error: string | null;
  readonly finishedAt: number | null;
  /** From then on it is gone, file and row. */
  readonly expiresAt: number;
};

/** How far an export is. */
export type Progress = {
  /** 0…1 of the range's time; null where records are not in the order of time. */
  readonly share: number | null;
  /** What it came to: a moment (epoch milliseconds), or an entry. */
  readonly reached: number | string | null;
};

/** How far an export is, from its cursor. */
export function progressOf(one: Export): Progress {
  if (one.state === "done") return { share: 1, reached: null };
  if (one.cursor === null) return { share: one.state === "closing" ? 1 : 0, reached: null };
  if (one.kind === "suppressions") {
    return { share: null, reached: suppressionCursor(one.cursor).entry };
  }
  if (one.kind === "contacts")
    return { share: shareOf(Number(one.cursor) / one.logEnd), reached: null };
  const reached = timeOf(one.kind, one.cursor);
  const start = Math.max(one.from, one.oldest ?? one.from);
  return { share: shareOf((reached - start) / Math.max(one.to - start, 1)), reached };
}

/** A share with three digits, within 0…1. */
function shareOf(share: number): number {
  return Math.round(Math.min(Math.max(share, 0), 1) * 1000) / 1000;
}

function timeOf(kind: Exclude<ExportKind, "suppressions" | "contacts">, cursor: string): number {
  switch (kind) {
    case "events":
      return Math.floor(eventCursor(cursor).position / 1000);
    case "messages":
      return timeOfUuidv7(messageCursor(cursor).id);
    case "statistics":
      return statisticsCursor(cursor).at;
  }
}

/** A place among deliveries: a message, and the first of its recipients that lies behind. */
export type MessageCursor = { readonly id: string; readonly position: number };

export function messageCursor(text: string): MessageCursor {
  const [id = "", position = ""] = text.split(":");
  return { id, position: Number(position) };
}

/** A place among statistics: an interval, and what was passed last of it; "" when nothing was. */
export type StatisticsCursor = { readonly at: number; readonly key: string };

export function statisticsCursor(text: string): StatisticsCursor {
  const colon = text.indexOf(":");
  return { at: Number(text.slice(0, colon)), key: text.slice(colon + 1) };
}

/** The entry that was passed last. */
export type SuppressionCursor = { readonly scope: string; readonly entry: string };

export function suppressionCursor(text: string): SuppressionCursor {
  const colon = text.indexOf(":");
  return { scope: text.slice(0, colon), entry: text.slice(colon + 1) };
}

/** The name of the file that a browser keeps: `events-2026-11-01-2026-11-21.csv`. */
export function exportFileName({ kind, format, from, to }: Export): string {
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  return `${kind}-${day(from)}-${day(to)}.${format}`;
}
