// Lists: which there are, a new one.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { usePages } from "../../lib/pages.ts";
import { go, hashOf, usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { TextField } from "../../ui/fields.tsx";
import { Empty, Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
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
    show: ({ id, name }) => <a href={hashOf({ screen: "lists", id: String(id) })}>{name}</a>,
    isLong: true,
  },
  { name: "State", text: ({ status }) => status, show: ({ status }) => <Mark word={status} /> },
  { name: "Id", text: ({ id }) => String(id), isNumber: true },
  { name: "Since", text: (row) => row.created_at, show: (row) => <Time at={row.created_at} /> },
];

function Lists() {
  const { query } = usePlace();
  const name = query["name"] ?? "";
  const { rows, error, again, more } = usePages<List>("/v1/lists", { limit: PAGE, name });
  const isWriter = may(useMe(), "lists", "write");
  return (
    <>
      <h1>Lists</h1>
      <Search name={name} />
      {error !== null && <Failure error={error} again={again} />}
      {rows === null && error === null && <Waiting />}
      {rows?.length === 0 && (
        <Empty title={name === "" ? "No list yet" : "Nothing fits"}>
          {name === ""
            ? "Make one below, then import your contacts into it or add them one by one."
            : "No list has this in its name."}
        </Empty>
      )}
      {rows !== null && rows.length > 0 && (
        <Table
          caption="Lists"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ id }) => String(id)}
          more={more}
        />
      )}
      {isWriter && <Make />}
    </>
  );
}

function Search({ name }: { readonly name: string }) {
  const [text, setText] = useState(name);
  return (
    <form
      class="filters"
      role="search"
      aria-label="Search"
      onSubmit={(event) => {
        event.preventDefault();
        go({ screen: "lists", query: { name: text } });
      }}
    >
      <TextField label="Name contains" type="search" value={text} set={setText} />
      <button type="submit">Search</button>
    </form>
  );
}

function Make() {
  const [name, setName] = useState("");
  const [error, setError] = useState<unknown>(null);
  const make = async (): Promise<void> => {
    setError(null);
    const { data } = await post<{ data: List }>("/v1/lists", { name });
    go({ screen: "lists", id: String(data.id) });
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="make-list"
      onSubmit={(event) => {
        event.preventDefault();
        make().catch(setError);
      }}
    >
      <h2 id="make-list">Make a list</h2>
      <TextField label="Name" required value={name} set={setName} />
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit">Make the list</button>
      </div>
    </form>
  );
}
