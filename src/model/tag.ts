// Tags of contacts (F-232). Pure.
import { randomBase62 } from "../lib/base62.ts";

export const TAG_STATUSES = ["active", "inactive"] as const;
export type TagStatus = (typeof TAG_STATUSES)[number];

/** A tag. Times are epoch milliseconds. */
export type Tag = {
  readonly id: number;
  /** What APIs call it; opaque, at most 64 characters (C-45). */
  readonly tagId: string;
  readonly name: string;
  readonly status: TagStatus;
  readonly createdAt: number;
  readonly modifiedAt: number;
};

export const MAX_TAG_NAME = 255;
export const MAX_TAGS = 10_000;

const TAG_ID_LENGTH = 10;

/** A new `tag_id`. */
export function newTagId(): string {
  return randomBase62(TAG_ID_LENGTH);
}
