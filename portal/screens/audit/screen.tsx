// The audit log: who changed what, when, from where; and whether anybody meddled with it.
import { useState } from "preact/hooks";
import { get, getPage } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { usePages } from "../../lib/pages.ts";
import { go, usePlace } from "../../lib/router.ts";
import { useTask } from "../../lib/run.ts";
import { timeColumn } from "../../ui/columns.tsx";
import { type Option, SelectField } from "../../ui/fields.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Empty, Failure, Mark, Waiting } from "../../ui/parts.tsx";
import type { Column } from "../../ui/table.tsx";
import {
  type Entry,
  KINDS,
  type Names,
  outcomeOf,
  RESOURCES,
  targetOf,
  type Walk,
  walkText,
  whoOf,
} from "./entry.ts";

const PAGE = 50;

/** Whose names are asked for: as many as the API gives at once. Others are shown by their id. */
const NAMED = 100;

export function Screen() {
  const { query } = usePlace();
  const names = useLoad(askNames, "");
  return (
    <>
      <h1>Audit</h1>
      <p class="quiet">
        Every change of settings, users, roles and modules, written down before it is made. Sends
        and reads are not here: those are in the activity.
      </p>
      <Check />
      {names.error !== null && <Failure error={names.error} again={names.again} />}
      {names.data === null && names.error === null && <Waiting />}
      {names.data && (
        <>
          <Filters names={names.data} query={query} />
          <Entries key={JSON.stringify(query)} names={names.data} query={query} />
        </>
      )}
    </>
  );
}

type PartProps = { readonly names: Names; readonly query: Readonly<Record<string, string>> };

function Filters({ names, query }: PartProps) {
  const choice = (label: string, name: string, all: string, options: readonly Option[]) => (
    <SelectField
      label={label}
      value={query[name] ?? ""}
      options={[["", all], ...options]}
      set={(value) => go({ screen: "audit", query: { ...query, [name]: value } })}
    />
  );
  return (
    <form class="filters" role="search" aria-label="Filters">
      {choice("Who", "key_id", "everybody", [...names])}
      {choice("What", "resource", "everything", RESOURCES)}
      {choice("Came to", "kind", "anything", Object.entries(KINDS))}
    </form>
  );
}

function Entries({ names, query }: PartProps) {
  const entries = usePages<Entry>("/v1/audit", { ...query, limit: PAGE });
  const isFiltered = Object.keys(query).length > 0;
  return (
    <>
      <Listing
        pages={entries}
        caption="Audit log"
        columns={columnsWith(names)}
        keyOf={({ position }) => String(position)}
        empty={isFiltered ? <NothingFits more={entries.more} /> : <NothingChanged />}
      />
    </>
  );
}

function NothingFits({ more }: { readonly more: (() => void) | null }) {
  return (
    <Empty title="Nothing fits">
      {more === null ? (
        "No entry of the whole log."
      ) : (
        <button type="button" onClick={more}>
          Look further back
        </button>
      )}
    </Empty>
  );
}

function NothingChanged() {
  return (
    <Empty title="Nothing was changed yet">
      Whatever somebody changes here or by the API stands here from then on.
    </Empty>
  );
}

type Named = { readonly id: string; readonly name: string; readonly email?: string };

async function askNames(): Promise<Names> {
  const [users, keys] = await Promise.all([
    getPage<Named>("/v1/users", { limit: NAMED }),
    getPage<Named>("/v1/keys", {}),
  ]);
  return new Map([
    ...keys.data.map(({ id, name }) => [id, `key “${name}”`] as const),
    ...users.data.map(({ id, email, name }) => [id, email ?? name] as const),
  ]);
}

function columnsWith(names: Names): readonly Column<Entry>[] {
  return [
    timeColumn("When", ({ at }) => at),
    { name: "Who", text: (entry) => whoOf(entry, names) },
    { name: "From", text: ({ ip }) => ip },
    {
      name: "What",
      text: (entry) => [entry.operation, outcomeOf(entry)].filter(Boolean).join(", "),
      show: (entry) => (
        <span>
          {entry.operation} {outcomeOf(entry) && <Mark word={outcomeOf(entry)} />}
        </span>
      ),
    },
    { name: "Of what, to what", text: (entry) => targetOf(entry, names), isLong: true },
  ];
}

type Checked = {
  readonly first_broken: number | null;
  readonly checked: number;
  readonly next_cursor: string | null;
};

/** Walks the whole chain of hashes, a thousand entries a call. */
function Check() {
  const [walk, setWalk] = useState<Walk | null>(null);
  const { error, isBusy, start } = useTask();
  const check = async (): Promise<void> => {
    let [cursor, checked]: [string | null, number] = [null, 0];
    do {
      const part: Checked = await get<Checked>("/v1/audit/check", { cursor });
      checked += part.checked;
      cursor = part.next_cursor;
      setWalk({ checked, firstBroken: part.first_broken });
    } while (cursor !== null);
  };
  return (
    <div class="row">
      <button type="button" aria-disabled={isBusy} onClick={() => start(check)}>
        Check that nobody meddled with it
      </button>
      {walk && error === null && (
        <p role="status">{isBusy ? `${walk.checked} entries checked …` : walkText(walk)}</p>
      )}
      {error !== null && <Failure error={error} />}
    </div>
  );
}
