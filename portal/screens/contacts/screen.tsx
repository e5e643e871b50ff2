// Contacts: everybody of all lists, found by address.
import { useState } from "preact/hooks";
import { usePages } from "../../lib/pages.ts";
import { go, hashOf, usePlace } from "../../lib/router.ts";
import { TextField } from "../../ui/fields.tsx";
import { Empty, Failure, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { valuesText } from "../lists/list.ts";
import type { Contact } from "./contact.ts";
import { OneContact } from "./one-contact.tsx";

const PAGE = 50;

export function Screen() {
  const { id } = usePlace();
  return id === "" ? <Contacts /> : <OneContact key={id} id={id} />;
}

const COLUMNS: readonly Column<Contact>[] = [
  {
    name: "Address",
    text: ({ email }) => email,
    show: ({ id, email }) => <a href={hashOf({ screen: "contacts", id: String(id) })}>{email}</a>,
    isLong: true,
  },
  { name: "First name", text: (row) => row.first_name, isLong: true },
  { name: "Last name", text: (row) => row.last_name, isLong: true },
  { name: "Fields", text: (row) => valuesText(row.custom_fields), isLong: true },
  { name: "Since", text: (row) => row.created_at, show: (row) => <Time at={row.created_at} /> },
];

function Contacts() {
  const { rows, error, again, more } = usePages<Contact>("/v1/contacts", { limit: PAGE });
  return (
    <>
      <h1>Contacts</h1>
      <Find />
      {error !== null && <Failure error={error} again={again} />}
      {rows === null && error === null && <Waiting />}
      {rows?.length === 0 && (
        <Empty title="No contact yet">
          <a href={hashOf({ screen: "lists" })}>Make a list</a>, then import contacts into it.
        </Empty>
      )}
      {rows !== null && rows.length > 0 && (
        <Table
          caption="Contacts"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ id }) => String(id)}
          more={more}
        />
      )}
    </>
  );
}

function Find() {
  const [address, setAddress] = useState("");
  return (
    <form
      class="filters"
      role="search"
      aria-label="Find a contact"
      onSubmit={(event) => {
        event.preventDefault();
        go({ screen: "contacts", id: address.trim() });
      }}
    >
      <TextField label="Whole address" type="email" required value={address} set={setAddress} />
      <button type="submit">Find</button>
    </form>
  );
}
