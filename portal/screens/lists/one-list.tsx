// One list: who is on it and how they stand to it, one more, its name and rest, its end.
import { useState } from "preact/hooks";
import { get, patch, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { usePages } from "../../lib/pages.ts";
import { go, hashOf } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Empty, Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { AddContact } from "./add-contact.tsx";
import { type List, statusWord, type Subscriber, STATUSES, valuesText } from "./list.ts";

const PAGE = 50;

export function OneList({ id }: { readonly id: string }) {
  const path = `/v1/lists/${encodeURIComponent(id)}`;
  const { data, error, again } = useLoad(() => get<List>(path), id);
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null) return <Waiting />;
  return <Shown path={path} list={data} again={again} />;
}

type ShownProps = { readonly path: string; readonly list: List; readonly again: () => void };

function Shown({ path, list, again }: ShownProps) {
  const me = useMe();
  const isWriter = may(me, "lists", "write");
  const isContactWriter = may(me, "contacts", "write");
  const [turn, setTurn] = useState(0);
  const id = String(list.id);
  return (
    <>
      <h1>{list.name}</h1>
      <p>
        <Mark word={list.status} />{" "}
        <span class="quiet">
          id {list.id}, <code>{list.list_id}</code>
        </span>{" "}
        <a href={hashOf({ screen: "lists" })}>All lists</a>
      </p>
      <p class="row">
        {may(me, "imports", "write") && (
          <a href={hashOf({ screen: "imports", query: { list: id } })}>Import a CSV into it</a>
        )}
        {may(me, "exports", "write") && (
          <a href={hashOf({ screen: "exports", query: { kind: "contacts", list: id } })}>
            Export it
          </a>
        )}
      </p>
      <Subscribers key={turn} path={path} isWriter={isContactWriter} />
      {isContactWriter && <AddContact list={list} done={() => setTurn(turn + 1)} />}
      {isWriter && <Change path={path} list={list} again={again} />}
    </>
  );
}

type SubscribersProps = { readonly path: string; readonly isWriter: boolean };

function Subscribers({ path, isWriter }: SubscribersProps) {
  const page = usePages<Subscriber>(`${path}/contacts`, { limit: PAGE });
  const [refusal, setRefusal] = useState<unknown>(null);
  const { rows, error, again } = page;
  if (rows === null) return error === null ? <Waiting /> : <Failure error={error} again={again} />;
  if (rows.length === 0) {
    return <Empty title="Nobody is on it">Import a CSV, or add somebody below.</Empty>;
  }
  const set = (contact: Subscriber, status: string): void => {
    setRefusal(null);
    patch(`${path}/contacts/${contact.id}`, { status }).then(() => {
      say(`${contact.email} is ${statusWord(status)}.`);
      again();
    }, setRefusal);
  };
  return (
    <>
      <Table
        caption="Contacts"
        columns={isWriter ? [...COLUMNS, statusColumn(set)] : COLUMNS}
        rows={rows}
        keyOf={({ id }) => String(id)}
        more={page.more}
      />
      {error !== null && <Failure error={error} />}
      {refusal !== null && <Failure error={refusal} />}
    </>
  );
}

const COLUMNS: readonly Column<Subscriber>[] = [
  {
    name: "Address",
    text: ({ email }) => email,
    show: ({ id, email }) => <a href={hashOf({ screen: "contacts", id: String(id) })}>{email}</a>,
    isLong: true,
  },
  { name: "First name", text: (row) => row.first_name, isLong: true },
  { name: "Last name", text: (row) => row.last_name, isLong: true },
  { name: "Fields", text: (row) => valuesText(row.custom_fields), isLong: true },
  {
    name: "Stands",
    text: ({ status }) => status,
    show: ({ status }) => <Mark word={statusWord(status)} />,
  },
  {
    name: "Since",
    text: (row) => row.subscribed_at,
    show: (row) => <Time at={row.subscribed_at} />,
  },
];

function statusColumn(set: (contact: Subscriber, status: string) => void): Column<Subscriber> {
  return {
    name: "Change",
    text: () => "",
    show: (contact) => (
      <select
        aria-label={`How ${contact.email} stands to this list`}
        value={contact.status}
        onChange={(event) => set(contact, event.currentTarget.value)}
      >
        {STATUSES.map(([status, words]) => (
          <option key={status} value={status}>
            {words}
          </option>
        ))}
      </select>
    ),
  };
}

function Change({ path, list, again }: ShownProps) {
  const [name, setName] = useState(list.name);
  const [error, setError] = useState<unknown>(null);
  const [isLeaving, setLeaving] = useState(false);
  const isResting = list.status !== "active";
  const change = (what: object, words: string): void => {
    setError(null);
    patch(path, what).then(() => {
      say(words);
      again();
    }, setError);
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="change-list"
      onSubmit={(event) => {
        event.preventDefault();
        change({ name }, "It is renamed.");
      }}
    >
      <h2 id="change-list">Change the list</h2>
      <TextField label="Name of the list" required value={name} set={setName} />
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit">Rename</button>
        <button
          type="button"
          onClick={() =>
            change(
              { status: isResting ? "active" : "inactive" },
              isResting ? "It takes contacts again." : "It rests.",
            )
          }
        >
          {isResting ? "Wake it" : "Let it rest"}
        </button>
        <button type="button" class="danger" onClick={() => setLeaving(true)}>
          Delete …
        </button>
      </div>
      {isLeaving && (
        <Confirm
          title={`Delete ${list.name}?`}
          text="Everybody's place on it is gone for good; the contacts stay."
          name={list.name}
          action="Delete"
          close={() => setLeaving(false)}
          run={async () => {
            await remove(path);
            say(`${list.name} is gone.`);
            go({ screen: "lists" });
          }}
        />
      )}
    </form>
  );
}
