// One list: who is on it and how they stand to it, one more, its name and rest, its end.
import { useState } from "preact/hooks";
import { get, patch, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { type Pages, usePages } from "../../lib/pages.ts";
import { go } from "../../lib/router.ts";
import { useRun } from "../../lib/run.ts";
import { may, useMe } from "../../lib/session.ts";
import { Answer } from "../../ui/answer.tsx";
import { markColumn, timeColumn } from "../../ui/columns.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Empty, Failure, Mark } from "../../ui/parts.tsx";
import type { Column } from "../../ui/table.tsx";
import { SelectNow } from "../../ui/select-now.tsx";
import { say } from "../../ui/toast.tsx";
import { AddContact } from "./add-contact.tsx";
import { type List, statusWord, type Subscriber, STATUSES } from "./list.ts";
import { personColumns } from "./person-columns.tsx";

const PAGE = 50;

export function OneList({ id }: { readonly id: string }) {
  const path = `/v1/lists/${encodeURIComponent(id)}`;
  const list = useLoad(() => get<List>(path), id);
  return (
    <Answer of={list}>{(data) => <Shown path={path} list={data} again={list.again} />}</Answer>
  );
}

type ShownProps = { readonly path: string; readonly list: List; readonly again: () => void };

function Shown({ path, list, again }: ShownProps) {
  const me = useMe();
  const isWriter = may(me, "lists", "write");
  const isContactWriter = may(me, "contacts", "write");
  const pages = usePages<Subscriber>(`${path}/contacts`, { limit: PAGE });
  const id = String(list.id);
  return (
    <>
      <h1>{list.name}</h1>
      <p>
        <Mark word={list.status} />{" "}
        <span class="quiet">
          id {list.id}, <code>{list.list_id}</code>
        </span>{" "}
        <Link to={{ screen: "lists" }}>All lists</Link>
      </p>
      <p class="row">
        {may(me, "imports", "write") && (
          <Link to={{ screen: "imports", query: { list: id } }}>Import a CSV into it</Link>
        )}
        {may(me, "exports", "write") && (
          <Link to={{ screen: "exports", query: { kind: "contacts", list: id } }}>Export it</Link>
        )}
      </p>
      <Subscribers path={path} pages={pages} isWriter={isContactWriter} />
      {isContactWriter && <AddContact list={list} done={pages.again} />}
      {isWriter && <Change path={path} list={list} again={again} />}
    </>
  );
}

type SubscribersProps = {
  readonly path: string;
  readonly pages: Pages<Subscriber>;
  readonly isWriter: boolean;
};

function Subscribers({ path, pages, isWriter }: SubscribersProps) {
  const set = async (contact: Subscriber, status: string): Promise<void> => {
    await patch(`${path}/contacts/${contact.id}`, { status });
    say(`${contact.email} is ${statusWord(status)}.`);
    pages.again();
  };
  return (
    <Listing
      pages={pages}
      caption="Contacts"
      columns={isWriter ? [...COLUMNS, statusColumn(set)] : COLUMNS}
      keyOf={({ id }) => String(id)}
      empty={
        <Empty title="Nobody is on it">
          {isWriter ? "Import a CSV, or add somebody below." : "Who joins it appears here."}
        </Empty>
      }
    />
  );
}

const COLUMNS: readonly Column<Subscriber>[] = [
  ...personColumns<Subscriber>(),
  markColumn("Stands", ({ status }) => statusWord(status)),
  timeColumn("Since", (row) => row.subscribed_at),
];

function statusColumn(
  set: (contact: Subscriber, status: string) => Promise<void>,
): Column<Subscriber> {
  return {
    name: "Change",
    text: () => "",
    show: (contact) => (
      <SelectNow
        label={`How ${contact.email} stands to this list`}
        value={contact.status}
        options={STATUSES}
        ask={(status) => set(contact, status)}
      />
    ),
  };
}

function Change({ path, list, again }: ShownProps) {
  const [name, setName] = useState(list.name);
  const [isLeaving, setLeaving] = useState(false);
  const { error, start } = useRun();
  const isResting = list.status !== "active";
  const change = async (what: object, words: string): Promise<void> => {
    await patch(path, what);
    say(words);
    again();
  };
  const turn = (): Promise<void> =>
    isResting
      ? change({ status: "active" }, "It takes contacts again.")
      : change({ status: "inactive" }, "It rests.");
  return (
    <>
      <Form
        title="Change the list"
        action="Rename"
        run={() => change({ name }, "It is renamed.")}
        buttons={
          <>
            <button type="button" onClick={() => start(turn)}>
              {isResting ? "Wake it" : "Let it rest"}
            </button>
            <button type="button" class="danger" onClick={() => setLeaving(true)}>
              Delete …
            </button>
          </>
        }
      >
        <TextField label="Name of the list" required value={name} set={setName} />
        {error !== null && <Failure error={error} />}
      </Form>
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
    </>
  );
}
