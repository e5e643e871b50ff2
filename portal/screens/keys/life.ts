// What keys and SMTP credentials have in common: they are used, end, and are revoked.
import { actionColumn, type Actions, markColumn, timeColumn } from "../../ui/columns.tsx";
import type { Column } from "../../ui/table.tsx";
import { stateOf } from "./key.ts";

type Living = {
  readonly name: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
};

/** When they were used, since when they are, whether they still work. */
export function lifeColumns<T extends Living>(): readonly Column<T>[] {
  return [
    timeColumn("Last use", (row) => row.last_used_at, "never"),
    timeColumn("Created", (row) => row.created_at),
    markColumn("State", (row) => stateOf(row, Date.now())),
  ];
}

/** What can be done with what was not revoked yet. */
export function lifeActions<T extends Living>(acts: Actions<T>["acts"]): Column<T> {
  return actionColumn<T>({
    of: ({ name }) => name,
    acts,
    unless: (row) => (row.revoked_at === null ? null : ""),
  });
}
