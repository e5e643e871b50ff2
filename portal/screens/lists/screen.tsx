// Lists: which there are, a new one.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { usePages } from "../../lib/pages.ts";
import { go, usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { markColumn, timeColumn } from "../../ui/columns.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form, SearchForm } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Empty } from "../../ui/parts.tsx";
import type { Column } from "../../ui/table.tsx";
import type { List } from "./list.ts";
import { OneList } from "./one-list.tsx";

const PAGE = 50;

export function Screen() {
  const { id, query } = usePlace();
  return id === "" ? <Lists key={query["name"]} /> : <OneList key={id} id={id} />;
}

const COLUMNS: readonly Column<List>[] = [
  {
    name: "List",
    text: ({ name }) => name,
    show: ({ id, name }) => <Link to={{ screen: "lists", id: String(id) }}>{name}</Link>,
    isLong: true,
  },
  markColumn("State", ({ status }) => status),
  { name: "Id", text: ({ id }) => String(id), isNumber: true },
  timeColumn("Since", (row) => row.created_at),
];

function Lists() {
  const { query } = usePlace();
  const name = query["name"] ?? "";
  const pages = usePages<List>("/v1/lists", { limit: PAGE, name });
  const isWriter = may(useMe(), "lists", "write");
  return (
    <>
      <h1>Lists</h1>
      <Search name={name} />
      <Listing
        pages={pages}
        caption="Lists"
        columns={COLUMNS}
        keyOf={({ id }) => String(id)}
        empty={<Nothing isFiltered={name !== ""} isWriter={isWriter} />}
      />
      {isWriter && <Make />}
    </>
  );
}

type NothingProps = { readonly isFiltered: boolean; readonly isWriter: boolean };

function Nothing({ isFiltered, isWriter }: NothingProps) {
  if (isFiltered) return <Empty title="Nothing fits">No list has this in its name.</Empty>;
  return (
    <Empty title="No list yet">
      {isWriter
        ? "Make one below, then import your contacts into it or add them one by one."
        : "Whoever may change lists makes them; they appear here."}
    </Empty>
  );
}

function Search({ name }: { readonly name: string }) {
  const [text, setText] = useState(name);
  return (
    <SearchForm
      title="Search"
      action="Search"
      search={() => go({ screen: "lists", query: { name: text } })}
    >
      <TextField label="Name contains" type="search" value={text} set={setText} />
    </SearchForm>
  );
}

function Make() {
  const [name, setName] = useState("");
  const make = async (): Promise<void> => {
    const { data } = await post<{ data: List }>("/v1/lists", { name });
    go({ screen: "lists", id: String(data.id) });
  };
  return (
    <Form title="Make a list" action="Make the list" run={make}>
      <TextField label="Name" required value={name} set={setName} />
    </Form>
  );
}
