// Suppressions: what stops mail, and why; add, remove, upload, export. The search stands in the URL.
import { useState } from "preact/hooks";
import { queryOf } from "../../lib/api.ts";
import { usePages } from "../../lib/pages.ts";
import { go, usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { SCOPES } from "../../lib/words.ts";
import { actionColumn, timeColumn } from "../../ui/columns.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { SearchForm } from "../../ui/form.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty } from "../../ui/parts.tsx";
import type { Column } from "../../ui/table.tsx";
import { Add } from "./add.tsx";
import { Removal } from "./removal.tsx";
import { keyOf, type Suppression } from "./suppression.ts";
import { Upload } from "./upload.tsx";

const PAGE = 50;

type Query = Readonly<Record<string, string>>;

export function Screen() {
  const { query } = usePlace();
  const [turn, setTurn] = useState(0);
  const isWriter = may(useMe(), "suppressions", "write");
  const again = (): void => setTurn((turn) => turn + 1);
  const key = JSON.stringify(query);
  return (
    <>
      <h1>Suppressions</h1>
      <p class="quiet">
        Mail to these goes nowhere until they are removed. A receipt is stopped by a bounce, a
        complaint or an entry of all mail; an unsubscribe stops marketing mail only.
      </p>
      <Search key={`search ${key}`} query={query} />
      <List key={key} query={query} version={String(turn)} changed={again} />
      {isWriter && <Add done={again} />}
      {isWriter && <Upload done={again} />}
      <p>
        <a
          href={`/v1/suppressions/export${queryOf({ format: "csv", scope: query["scope"] })}`}
          download
        >
          Download all as CSV
        </a>
      </p>
    </>
  );
}

function Search({ query }: { readonly query: Query }) {
  const [text, setText] = useState(query["query"] ?? "");
  const change = (query: Query): void => go({ screen: "suppressions", query });
  return (
    <SearchForm title="Search" action="Search" search={() => change({ ...query, query: text })}>
      <TextField label="Begins with" type="search" value={text} set={setText} />
      <SelectField
        label="Scope"
        value={query["scope"] ?? ""}
        options={[["", "all"], ...SCOPES]}
        set={(scope) => change({ ...query, scope })}
      />
    </SearchForm>
  );
}

type ListProps = {
  readonly query: Query;
  /** Another one: what is listed may be otherwise. */
  readonly version: string;
  readonly changed: () => void;
};

function List({ query, version, changed }: ListProps) {
  const pages = usePages<Suppression>("/v1/suppressions", { ...query, limit: PAGE }, version);
  const [leaving, setLeaving] = useState<Suppression | null>(null);
  const isWriter = may(useMe(), "suppressions", "write");
  const remove = actionColumn<Suppression>({
    of: ({ entry }) => entry,
    acts: { "Remove …": setLeaving },
  });
  return (
    <>
      <Listing
        pages={pages}
        caption="Suppressions"
        columns={isWriter ? [...COLUMNS, remove] : COLUMNS}
        keyOf={keyOf}
        empty={<Nothing isFiltered={Object.keys(query).length > 0} />}
      />
      {leaving && <Removal suppression={leaving} done={changed} close={() => setLeaving(null)} />}
    </>
  );
}

const COLUMNS: readonly Column<Suppression>[] = [
  { name: "Entry", text: ({ entry }) => entry, isLong: true },
  { name: "Scope", text: ({ scope }) => scope },
  { name: "Stops", text: ({ stops }) => stops.join(", ") },
  { name: "Why", text: ({ reason }) => reason, show: (row) => <Why {...row} />, isLong: true },
  timeColumn("Since", (row) => row.created_at),
];

function Why({ reason, evidence }: Suppression) {
  if (evidence === null) return <>{reason || "no reason given"}</>;
  const to = { screen: "message", id: evidence.message_id };
  return <Link to={to}>{reason || evidence.text || "its message"}</Link>;
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) return <Empty title="Nothing fits">No entry begins so, in this scope.</Empty>;
  return (
    <Empty title="Nothing is suppressed">
      Addresses that do not exist, complaints and unsubscribes come here by themselves.
    </Empty>
  );
}
