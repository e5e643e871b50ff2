// One contact: names, custom fields, tags, lists, the mail that went to it, its end.
import { useState } from "preact/hooks";
import { get, getPage, patch, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go, hashOf } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { CheckField, TextField } from "../../ui/fields.tsx";
import { Failure, Waiting } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { type CustomField, MOST, type Tag } from "../fields/field.ts";
import { FieldInput } from "../fields/input.tsx";
import { type List, textOf } from "../lists/list.ts";
import { changedFields, type ContactCard } from "./contact.ts";
import { Places } from "./places.tsx";

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
      <Places contact={contact} lists={lists} again={again} />
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
  const [given, setGiven] = useState(contact.custom_fields);
  const [error, setError] = useState<unknown>(null);
  const [isLeaving, setLeaving] = useState(false);
  const save = async (): Promise<void> => {
    setError(null);
    const custom_fields = changedFields(contact.custom_fields, given);
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
      {fields.map((field) => (
        <FieldInput
          key={field.id}
          field={field}
          value={given[field.name] ?? ""}
          set={(value) => setGiven({ ...given, [field.name]: value })}
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
