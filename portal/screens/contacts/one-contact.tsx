// One contact: names, custom fields, tags, lists, the mail that went to it, its end.
import { useState } from "preact/hooks";
import { get, getPage, patch, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go, hashOf } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { CheckField, TextField } from "../../ui/fields.tsx";
import { Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import type { CustomField, Tag } from "../fields/field.ts";
import { type List, statusWord } from "../lists/list.ts";
import { changedFields, type ContactCard, textOf } from "./contact.ts";

/** More fields, tags or lists than these are changed through the API. */
const MOST = 100;

type Around = {
  readonly contact: ContactCard;
  readonly fields: readonly CustomField[];
  readonly tags: readonly Tag[];
  readonly lists: readonly List[];
};

export function OneContact({ id }: { readonly id: string }) {
  const path = `/v1/contacts/${encodeURIComponent(id)}`;
  const { data, error, again } = useLoad(() => ask(path), id);
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null) return <Waiting />;
  return <Shown key={data.contact.updated_at} path={path} around={data} again={again} />;
}

async function ask(path: string): Promise<Around> {
  const [contact, fields, tags, lists] = await Promise.all([
    get<ContactCard>(path),
    getPage<CustomField>("/v1/custom-fields", { limit: MOST, status: "active" }),
    getPage<Tag>("/v1/tags", { limit: MOST, status: "active" }),
    getPage<List>("/v1/lists", { limit: MOST }),
  ]);
  return { contact, fields: fields.data, tags: tags.data, lists: lists.data };
}

type ShownProps = { readonly path: string; readonly around: Around; readonly again: () => void };

function Shown({ path, around, again }: ShownProps) {
  const { contact, lists } = around;
  const me = useMe();
  const names = new Map(lists.map(({ id, name }) => [id, name]));
  return (
    <>
      <h1>{contact.email}</h1>
      <p class="row">
        {may(me, "activity") && (
          <a href={hashOf({ screen: "activity", query: { recipient: contact.email } })}>
            What was sent to it
          </a>
        )}
        <a href={hashOf({ screen: "contacts" })}>All contacts</a>
      </p>
      <section class="card" aria-labelledby="on-lists">
        <h2 id="on-lists">Lists</h2>
        {contact.lists.length === 0 && <p class="quiet">It is on none.</p>}
        <ul class="stack">
          {contact.lists.map(({ id, status, subscribed_at: since }) => (
            <li key={id}>
              <span>
                <a href={hashOf({ screen: "lists", id: String(id) })}>{names.get(id) ?? id}</a>{" "}
                <Mark word={statusWord(status)} /> since <Time at={since} />
              </span>
            </li>
          ))}
        </ul>
      </section>
      {may(me, "contacts", "write") ? (
        <Change path={path} around={around} again={again} />
      ) : (
        <Values contact={contact} />
      )}
    </>
  );
}

function Values({ contact }: { readonly contact: ContactCard }) {
  const { first_name: first, last_name: last, custom_fields: fields } = contact;
  const values = { "First name": first, "Last name": last, ...fields };
  return (
    <dl class="facts">
      {Object.entries(values).flatMap(([name, value]) => [
        <dt key={`${name} name`}>{name}</dt>,
        <dd key={`${name} value`}>{textOf(value)}</dd>,
      ])}
    </dl>
  );
}

function Change({ path, around, again }: ShownProps) {
  const { contact, fields, tags } = around;
  const [first, setFirst] = useState(contact.first_name);
  const [last, setLast] = useState(contact.last_name);
  const [chosen, setChosen] = useState(contact.tags);
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(fields.map(({ name }) => [name, textOf(contact.custom_fields[name])])),
  );
  const [error, setError] = useState<unknown>(null);
  const [isLeaving, setLeaving] = useState(false);
  const save = async (): Promise<void> => {
    setError(null);
    const custom_fields = changedFields(contact.custom_fields, typed);
    await patch(path, { first_name: first, last_name: last, custom_fields, tags: chosen });
    say("Saved.");
    again();
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="change-contact"
      onSubmit={(event) => {
        event.preventDefault();
        save().catch(setError);
      }}
    >
      <h2 id="change-contact">Names, fields, tags</h2>
      <TextField label="First name" value={first} set={setFirst} />
      <TextField label="Last name" value={last} set={setLast} />
      {fields.map(({ id, name, required, values }) => (
        <TextField
          key={id}
          label={values.length > 0 ? `${name} (${values.join(", ")})` : name}
          required={required}
          value={typed[name] ?? ""}
          set={(text) => setTyped({ ...typed, [name]: text })}
        />
      ))}
      {tags.map(({ id, name }) => (
        <CheckField
          key={id}
          label={`Tag ${name}`}
          checked={chosen.includes(id)}
          set={(isOn) => setChosen(isOn ? [...chosen, id] : chosen.filter((one) => one !== id))}
        />
      ))}
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit">Save</button>
        <button type="button" class="danger" onClick={() => setLeaving(true)}>
          Delete …
        </button>
      </div>
      {isLeaving && (
        <Confirm
          title={`Delete ${contact.email}?`}
          text="It is gone from every list. What was sent to it stays until it is purged."
          name={contact.email}
          action="Delete"
          close={() => setLeaving(false)}
          run={async () => {
            await remove(path);
            say(`${contact.email} is gone.`);
            go({ screen: "contacts" });
          }}
        />
      )}
    </form>
  );
}
