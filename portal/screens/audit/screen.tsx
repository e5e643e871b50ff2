// The audit log: who changed what, when, from where; and whether anybody meddled with it.
import { useState } from "preact/hooks";
import { get, getPage } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { usePages } from "../../lib/pages.ts";
import { go, usePlace } from "../../lib/router.ts";
import { Empty, Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
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
  const set =
    (name: string) =>
    (event: { readonly currentTarget: { readonly value: string } }): void =>
      go({ screen: "audit", query: { ...query, [name]: event.currentTarget.value } });
  return (
    <form class="filters" role="search" aria-label="Filters">
      <label>
        <span>Who</span>
        <select value={query["key_id"] ?? ""} onChange={set("key_id")}>
          <option value="">everybody</option>
          {[...names].map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>What</span>
        <select value={query["resource"] ?? ""} onChange={set("resource")}>
          <option value="">everything</option>
          {RESOURCES.map((resource) => (
            <option key={resource} value={resource}>
              {resource}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Came to</span>
        <select value={query["kind"] ?? ""} onChange={set("kind")}>
          <option value="">anything</option>
          {Object.entries(KINDS).map(([kind, words]) => (
            <option key={kind} value={kind}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

function Entries({ names, query }: PartProps) {
  const entries = usePages<Entry>("/v1/audit", { ...query, limit: PAGE });
  const isFiltered = Object.keys(query).length > 0;
  return (
    <>
      {entries.error !== null && <Failure error={entries.error} again={entries.again} />}
      {entries.rows === null && entries.error === null && <Waiting />}
      {entries.rows?.length === 0 && isFiltered && (
        <Empty title="Nothing fits">
          {entries.more === null ? (
            "No entry of the whole log."
          ) : (
            <button type="button" onClick={entries.more}>
              Look further back
            </button>
          )}
        </Empty>
      )}
      {entries.rows?.length === 0 && !isFiltered && (
        <Empty title="Nothing was changed yet">
          Whatever somebody changes here or by the API stands here from then on.
        </Empty>
      )}
      {entries.rows !== null && entries.rows.length > 0 && (
        <Table
          caption="Audit log"
          columns={columnsWith(names)}
          rows={entries.rows}
          keyOf={({ position }) => String(position)}
          more={entries.more}
        />
      )}
    </>
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
    { name: "When", text: ({ at }) => at, show: ({ at }) => <Time at={at} /> },
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
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const check = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      let [cursor, checked]: [string | null, number] = [null, 0];
      do {
        const part: Checked = await get<Checked>("/v1/audit/check", { cursor });
        checked += part.checked;
        cursor = part.next_cursor;
        setWalk({ checked, firstBroken: part.first_broken });
      } while (cursor !== null);
    } catch (error) {
      setWalk(null);
      setError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="row">
      <button type="button" disabled={isBusy} onClick={() => void check()}>
        Check that nobody meddled with it
      </button>
      {walk && <p role="status">{isBusy ? `${walk.checked} entries checked …` : walkText(walk)}</p>}
      {error !== null && <Failure error={error} />}
    </div>
  );
}
