// Custom fields and tags of contacts.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { remove } from "../../lib/api.ts";
import { type Pages, usePages } from "../../lib/pages.ts";
import { may, useMe } from "../../lib/session.ts";
import { actionColumn, markColumn } from "../../ui/columns.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Listing } from "../../ui/listing.tsx";
import type { Column } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { ChangeField, ChangeTag } from "./change.tsx";
import type { CustomField, Tag } from "./field.ts";
import { MakeField, MakeTag } from "./make.tsx";

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
          form={(field, done) => <ChangeField field={field} done={done} />}
        />
        {may(me, "custom-fields", "write") && <MakeField done={fields.again} />}
      </section>
      <section aria-labelledby="tags">
        <h2 id="tags">Tags</h2>
        <Named
          caption="Tags"
          pages={tags}
          columns={TAG_COLUMNS}
          path="tags"
          form={(tag, done) => <ChangeTag tag={tag} done={done} />}
        />
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
  /** Changes a row; `done` is told when it is changed, or left as it is. */
  readonly form: (row: T, done: () => void) => ComponentChildren;
};

function Named<T extends Row>({ caption, pages, columns, path, form }: NamedProps<T>) {
  const [changing, setChanging] = useState<T | null>(null);
  const [leaving, setLeaving] = useState<T | null>(null);
  const isWriter = may(useMe(), path, "write");
  const actions = actionColumn<T>({
    of: ({ name }) => name,
    acts: { Change: setChanging, "Delete …": setLeaving },
  });
  const changed = (): void => {
    setChanging(null);
    pages.again();
  };
  return (
    <>
      <Listing
        pages={pages}
        caption={caption}
        columns={isWriter ? [...columns, actions] : columns}
        keyOf={({ id }) => id}
        empty={<p>There are none yet.</p>}
      />
      {changing && <div key={changing.id}>{form(changing, changed)}</div>}
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
