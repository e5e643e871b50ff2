// Contacts: everybody of all lists, found by address.
import { useState } from "preact/hooks";
import { usePages } from "../../lib/pages.ts";
import { go, usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { timeColumn } from "../../ui/columns.tsx";
import { TextField } from "../../ui/fields.tsx";
import { SearchForm } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Empty } from "../../ui/parts.tsx";
import type { Column } from "../../ui/table.tsx";
import { personColumns } from "../lists/person-columns.tsx";
import type { Contact } from "./contact.ts";
import { OneContact } from "./one-contact.tsx";

const PAGE = 50;

export function Screen() {
  const { id } = usePlace();
  return id === "" ? <Contacts /> : <OneContact key={id} id={id} />;
}

const COLUMNS: readonly Column<Contact>[] = [
  ...personColumns<Contact>(),
  timeColumn("Since", (row) => row.created_at),
];

function Contacts() {
  const pages = usePages<Contact>("/v1/contacts", { limit: PAGE });
  const mayMake = may(useMe(), "lists", "write");
  return (
    <>
      <h1>Contacts</h1>
      <Find />
      <Listing
        pages={pages}
        caption="Contacts"
        columns={COLUMNS}
        keyOf={({ id }) => String(id)}
        empty={
          <Empty title="No contact yet">
            {mayMake ? (
              <>
                <Link to={{ screen: "lists" }}>Make a list</Link>, then import contacts into it.
              </>
            ) : (
              "Who is imported, or added by the API, stands here."
            )}
          </Empty>
        }
      />
    </>
  );
}

function Find() {
  const [address, setAddress] = useState("");
  return (
    <SearchForm
      title="Find a contact"
      action="Find"
      search={() => go({ screen: "contacts", id: address.trim() })}
    >
      <TextField label="Whole address" type="email" required value={address} set={setAddress} />
    </SearchForm>
  );
}
