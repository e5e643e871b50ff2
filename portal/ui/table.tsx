// The one table: sorts what it shows, asks for more by cursor, saves what it shows as CSV.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { csvOf, save } from "../lib/csv.ts";
import { sorted } from "../lib/sorted.ts";

/** A column: its text is what is sorted and exported; `show` draws it otherwise. */
export type Column<T> = {
  readonly name: string;
  readonly text: (row: T) => string;
  readonly show?: (row: T) => ComponentChildren;
  /** Numbers stand to the right and sort as numbers. */
  readonly isNumber?: true;
  /** Words of others may be long: the column stays narrow and breaks them anywhere. */
  readonly isLong?: true;
};

export type TableProps<T> = {
  /** For screen readers, and the name of the exported file. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** Asks for the next page; null when there is none. */
  readonly more?: (() => void) | null;
};

type Order = { readonly column: number; readonly isDown: boolean };

export function Table<T>({ caption, columns, rows, keyOf, more }: TableProps<T>) {
  const [order, setOrder] = useState<Order | null>(null);
  const column = order && columns[order.column];
  const shown = order && column ? sorted(rows, { ...column, isDown: order.isDown }) : rows;
  const turn = (column: number): void =>
    setOrder({ column, isDown: order?.column === column ? !order.isDown : false });
  const exportShown = (): void => {
    const cells = shown.map((row) => columns.map((column) => column.text(row)));
    const csv = csvOf([columns.map(({ name }) => name), ...cells]);
    save(`${caption.toLowerCase().replaceAll(" ", "-")}.csv`, csv, "text/csv");
  };
  return (
    <div class="table">
      <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
        <table>
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ name, isNumber }, index) => (
                <th
                  key={name}
                  scope="col"
                  class={isNumber && "number"}
                  aria-sort={ariaSort(order, index)}
                >
                  <button type="button" onClick={() => turn(index)}>
                    {name}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={keyOf(row)}>
                {columns.map(({ name, text, show, isNumber, isLong }) => (
                  <td key={name} data-name={name} class={isNumber ? "number" : isLong && "long"}>
                    {show ? show(row) : text(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="row">
        {more && (
          <button type="button" onClick={more}>
            Older
          </button>
        )}
        <button type="button" class="small" onClick={exportShown}>
          Export these {shown.length} as CSV
        </button>
      </div>
    </div>
  );
}

function ariaSort(order: Order | null, column: number): "ascending" | "descending" | "none" {
  if (order?.column !== column) return "none";
  return order.isDown ? "descending" : "ascending";
}
