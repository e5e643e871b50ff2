// One contact: names, custom fields, tags, lists, the mail that went to it, its end.
import { useState } from "preact/hooks";
import { get, patch, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Form } from "../../ui/form.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Link } from "../../ui/link.tsx";
import { say } from "../../ui/toast.tsx";
import { ChooseTags } from "../fields/choose-tags.tsx";
import { FieldInput } from "../fields/input.tsx";
import { askKnown, askLists, type Known, type Offer } from "../fields/known.ts";
import { type List, textOf } from "../lists/list.ts";
import { changeOf, type ContactCard, type Values } from "./contact.ts";
import { Places } from "./places.tsx";

type Around = Known & { readonly contact: ContactCard; readonly lists: Offer<List> };

export function OneContact({ id }: { readonly id: string }) {
  const path = `/v1/contacts/${encodeURIComponent(id)}`;
  const around = useLoad(() => ask(path), id);
  return (
    <Answer of={around}>
      {(data) => <Shown path={path} around={data} again={around.again} />}
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
  const { contact, fields, lists } = around;
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
      <Places contact={contact} fields={fields} lists={lists} again={again} />
      {may(me, "contacts", "write") ? (
        <Change path={path} around={around} again={again} />
      ) : (
        <Facts contact={contact} />
      )}
    </>
  );
}

function Facts({ contact }: { readonly contact: ContactCard }) {
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
  // Only what was changed here is sent: others may have changed the rest meanwhile.
  const [before, setBefore] = useState<Values>(contact);
  const [values, setValues] = useState(before);
  const [isLeaving, setLeaving] = useState(false);
  const set = (change: Partial<Values>): void => setValues({ ...values, ...change });
  const save = async (): Promise<void> => {
    const { data } = await patch<{ data: ContactCard }>(path, changeOf(before, values));
    setBefore(data);
    setValues(data);
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
        <TextField
          label="First name"
          value={values.first_name}
          set={(first_name) => set({ first_name })}
        />
        <TextField
          label="Last name"
          value={values.last_name}
          set={(last_name) => set({ last_name })}
        />
        {fields.map((field) => (
          <FieldInput
            key={field.id}
            field={field}
            value={values.custom_fields[field.name] ?? ""}
            set={(value) =>
              set({ custom_fields: { ...values.custom_fields, [field.name]: value } })
            }
          />
        ))}
        <ChooseTags tags={tags} chosen={values.tags} set={(tags) => set({ tags })} />
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
