// One contact: names, custom fields, tags, lists, the mail that went to it, its end.
import { useState } from "preact/hooks";
import { get, patch, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Answer } from "../../ui/answer.tsx";
import { ChooseSome } from "../../ui/choose.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Form } from "../../ui/form.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Link } from "../../ui/link.tsx";
import { say } from "../../ui/toast.tsx";
import { FieldInput } from "../fields/input.tsx";
import { askKnown, askLists, type Known, type Offer, tagOptions } from "../fields/known.ts";
import { type List, textOf } from "../lists/list.ts";
import { changedFields, type ContactCard } from "./contact.ts";
import { Places } from "./places.tsx";

type Around = Known & { readonly contact: ContactCard; readonly lists: Offer<List> };

export function OneContact({ id }: { readonly id: string }) {
  const path = `/v1/contacts/${encodeURIComponent(id)}`;
  const around = useLoad(() => ask(path), id);
  return (
    <Answer of={around}>
      {(data) => (
        <Shown key={data.contact.updated_at} path={path} around={data} again={around.again} />
      )}
    </Answer>
  );
}

async function ask(path: string): Promise<Around> {
  const [contact, known, lists] = await Promise.all([
    get<ContactCard>(path),
    askKnown(),
    askLists(),
  ]);
  return { contact, ...known, lists };
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
          <Link to={{ screen: "activity", query: { recipient: contact.email } }}>
            What was sent to it
          </Link>
        )}
        <Link to={{ screen: "contacts" }}>All contacts</Link>
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
  const [isLeaving, setLeaving] = useState(false);
  const save = async (): Promise<void> => {
    const custom_fields = changedFields(contact.custom_fields, given);
    const names = { first_name: first, last_name: last };
    // Untouched ones may be more than the API takes at once.
    const tags = chosen === contact.tags ? {} : { tags: chosen };
    await patch(path, { ...names, custom_fields, ...tags });
    say("Saved.");
    again();
  };
  return (
    <>
      <Form
        title="Names, fields, tags"
        action="Save"
        run={save}
        buttons={
          <button type="button" class="danger" onClick={() => setLeaving(true)}>
            Delete …
          </button>
        }
      >
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
        <ChooseSome
          of="tags"
          options={tagOptions(tags, "Tag")}
          isCut={tags.isCut}
          chosen={chosen}
          set={setChosen}
        />
      </Form>
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
    </>
  );
}
