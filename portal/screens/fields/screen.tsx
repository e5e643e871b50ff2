// Custom fields and tags of contacts.
import { useState } from "preact/hooks";
import { post, remove } from "../../lib/api.ts";
import { type Pages, usePages } from "../../lib/pages.ts";
import { may, useMe } from "../../lib/session.ts";
import { actionColumn, markColumn } from "../../ui/columns.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { CheckField, SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Listing } from "../../ui/listing.tsx";
import type { Column } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { type CustomField, fieldBody, hasChoices, type Tag, TYPES } from "./field.ts";

const PAGE = 100;

export function Screen() {
  const fields = usePages<CustomField>("/v1/custom-fields", { limit: PAGE });
  const tags = usePages<Tag>("/v1/tags", { limit: PAGE });
  const me = useMe();
  return (
    <>
      <h1>Fields and tags</h1>
      <section aria-labelledby="fields">
        <h2 id="fields">Custom fields</h2>
        <p class="quiet">What is known of contacts beside names; messages may show it.</p>
        <Named
          caption="Custom fields"
          pages={fields}
          columns={FIELD_COLUMNS}
          path="custom-fields"
        />
        {may(me, "custom-fields", "write") && <MakeField done={fields.again} />}
      </section>
      <section aria-labelledby="tags">
        <h2 id="tags">Tags</h2>
        <Named caption="Tags" pages={tags} columns={TAG_COLUMNS} path="tags" />
        {may(me, "tags", "write") && <MakeTag done={tags.again} />}
      </section>
    </>
  );
}

const FIELD_COLUMNS: readonly Column<CustomField>[] = [
  { name: "Field", text: ({ name }) => name, isLong: true },
  { name: "Type", text: ({ kind }) => kind.replaceAll("_", " ") },
  { name: "Choices", text: ({ values }) => values.join(", "), isLong: true },
  { name: "Default", text: (row) => row.default, isLong: true },
  { name: "Required", text: ({ required }) => (required ? "yes" : "no") },
  markColumn("State", ({ status }) => status),
];

const TAG_COLUMNS: readonly Column<Tag>[] = [
  { name: "Tag", text: ({ name }) => name, isLong: true },
  { name: "Id", text: ({ id }) => id },
  markColumn("State", ({ status }) => status),
];

type Row = { readonly id: string; readonly name: string };

type NamedProps<T extends Row> = {
  readonly caption: string;
  readonly pages: Pages<T>;
  readonly columns: readonly Column<T>[];
  /** The resource: `tags` of `/v1/tags`. */
  readonly path: string;
};

function Named<T extends Row>({ caption, pages, columns, path }: NamedProps<T>) {
  const [leaving, setLeaving] = useState<T | null>(null);
  const isWriter = may(useMe(), path, "write");
  const drop = actionColumn<T>({ of: ({ name }) => name, acts: { "Delete …": setLeaving } });
  return (
    <>
      <Listing
        pages={pages}
        caption={caption}
        columns={isWriter ? [...columns, drop] : columns}
        keyOf={({ id }) => id}
        empty={<p>There are none yet.</p>}
      />
      {leaving && (
        <Confirm
          title={`Delete ${leaving.name}?`}
          text="It is gone from every contact."
          name={leaving.name}
          action="Delete"
          close={() => setLeaving(null)}
          run={async () => {
            await remove(`/v1/${path}/${encodeURIComponent(leaving.id)}`);
            say(`${leaving.name} is gone.`);
            pages.again();
          }}
        />
      )}
    </>
  );
}

const NO_FIELD = { name: "", type: "string", values: "", required: false };

function MakeField({ done }: { readonly done: () => void }) {
  const [fields, setFields] = useState(NO_FIELD);
  const set = (change: Partial<typeof NO_FIELD>): void => setFields({ ...fields, ...change });
  const make = async (): Promise<void> => {
    await post("/v1/custom-fields", fieldBody(fields));
    setFields(NO_FIELD);
    done();
  };
  return (
    <Form title="Make a field" action="Make the field" run={make}>
      <TextField
        label="Name of the field"
        required
        value={fields.name}
        set={(name) => set({ name })}
      />
      <SelectField label="Type" value={fields.type} options={TYPES} set={(type) => set({ type })} />
      {hasChoices(fields.type) && (
        <TextField
          label="Choices, with commas between them"
          required
          value={fields.values}
          set={(values) => set({ values })}
        />
      )}
      <CheckField
        label="Required of every new contact"
        checked={fields.required}
        set={(required) => set({ required })}
      />
    </Form>
  );
}

function MakeTag({ done }: { readonly done: () => void }) {
  const [name, setName] = useState("");
  const make = async (): Promise<void> => {
    await post("/v1/tags", { name });
    setName("");
    done();
  };
  return (
    <Form title="Make a tag" action="Make the tag" run={make}>
      <TextField label="Name of the tag" required value={name} set={setName} />
    </Form>
  );
}
