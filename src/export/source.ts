// What every kind of export gives its maker: records from a place on, and how each is written. Types only.
import type { Export } from "../model/export.ts";
import type { TableShape } from "../lib/table.ts";

/** A record, and where to go on after it. */
export type Placed<T> = { readonly item: T; readonly next: string };

/** Some records in order; `next` is where the next page begins, null at the end. */
export type SourcePage<T> = {
  readonly records: readonly Placed<T>[];
  readonly next: string | null;
};

/** One kind of export. */
export type Source<T> = {
  readonly shape: TableShape<T>;
  /** The next page from `cursor` on, null being the beginning; it may hold nothing and have a next one. */
  readonly read: (db: D1Database, one: Export, cursor: string | null) => Promise<SourcePage<T>>;
};
