// Columns of people: who they are, and what is known of them.
import { Link } from "../../ui/link.tsx";
import type { Column } from "../../ui/table.tsx";
import { type FieldValues, valuesText } from "./list.ts";

type Person = {
  readonly id: number;
  readonly email: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly custom_fields: FieldValues;
};

/** Address, names, custom fields. */
export function personColumns<T extends Person>(): readonly Column<T>[] {
  return [
    {
      name: "Address",
      text: ({ email }) => email,
      show: ({ id, email }) => <Link to={{ screen: "contacts", id: String(id) }}>{email}</Link>,
      isLong: true,
    },
    { name: "First name", text: (row) => row.first_name, isLong: true },
    { name: "Last name", text: (row) => row.last_name, isLong: true },
    { name: "Fields", text: (row) => valuesText(row.custom_fields), isLong: true },
  ];
}
