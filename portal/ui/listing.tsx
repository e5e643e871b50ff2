// A list of the API, page by page: waiting, refused, empty, or a table that asks for more.
import type { ComponentChildren } from "preact";
import type { Pages } from "../lib/pages.ts";
import { Failure, Waiting } from "./parts.tsx";
import { Table, type TableProps } from "./table.tsx";

export type ListingProps<T> = Omit<TableProps<T>, "rows" | "more"> & {
  readonly pages: Pages<T>;
  /** Stands there while there is nothing: teaches the next step. */
  readonly empty: ComponentChildren;
};

export function Listing<T>({ pages, empty, ...table }: ListingProps<T>) {
  const { rows, error, again, more } = pages;
  if (rows === null) return error === null ? <Waiting /> : <Failure error={error} again={again} />;
  return (
    <>
      {rows.length === 0 ? empty : <Table {...table} rows={rows} more={more} />}
      {error !== null && <Failure error={error} again={again} />}
    </>
  );
}
