// Lists: what one is, and how a send names one. Pure.
import { hex } from "../lib/bytes.ts";

/** A deleted list is never shown; what was sent to it keeps its name. */
export const LIST_STATUSES = ["active", "inactive", "deleted"] as const;
export type ListStatus = (typeof LIST_STATUSES)[number];

/** A list. Times are epoch milliseconds. */
export type List = {
  /** Its id in the Mailing Lists API. */
  readonly id: number;
  /** Its id in the Audience API and /v1: 32 hex digits. */
  readonly listId: string;
  readonly name: string;
  readonly status: ListStatus;
  /** What differs from the defaults of the Mailing Lists API (contract 3.2), by the API's own names. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** Characters of a name (contract 3.2). */
export const MAX_LIST_NAME = 255;

/** Lists of an account that are not deleted: pages by number stay quick. */
export const MAX_LISTS = 10_000;

const HEX_BYTES = 16;

/** A new `list_id` or `custom_id`. */
export function newHexId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(HEX_BYTES)));
}

/** What `metadata.listId` may mean: a list's decimal id, its `list_id`, or its name without case. */
export type ListName = {
  readonly id: number | null;
  readonly text: string;
};

/** Reads what names a list; whether there is one is for the store to say. */
export function listNameOf(text: string): ListName {
  const id = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
  // As SQL's lower() has it; other letters must be written as they are.
  return { id, text: text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()) };
}
