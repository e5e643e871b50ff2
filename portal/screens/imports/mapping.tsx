// Says what the columns of a file mean, and into which list it goes.
import { useState } from "preact/hooks";
import { usePlace } from "../../lib/router.ts";
import { CheckField, SelectField } from "../../ui/fields.tsx";
import { Failure } from "../../ui/parts.tsx";
import type { CustomField, Tag } from "../fields/field.ts";
import type { List } from "../lists/list.ts";
import { chosenOf, GUESS, type Mapping, mappingOf, targets } from "./import.ts";

/** The body of POST /v1/imports/:id/start. */
export type Start = {
  readonly list_id: string;
  readonly mapping: Mapping;
  readonly update_contacts: boolean;
  readonly tags: readonly string[];
  readonly dry_run: boolean;
};

type FormProps = {
  readonly columns: readonly string[];
  readonly guess: Mapping;
  readonly lists: readonly List[];
  readonly fields: readonly CustomField[];
  readonly tags: readonly Tag[];
  readonly start: (asked: Start) => Promise<void>;
};

export function MappingForm({ columns, guess, lists, fields, tags, start }: FormProps) {
  const { query } = usePlace();
  const [list, setList] = useState(query["list"] ?? String(lists[0]?.id ?? ""));
  const [meanings, setMeanings] = useState(() => chosenOf(columns, guess));
  const [isUpdate, setUpdate] = useState(false);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [error, setError] = useState<unknown>(null);
  const options = targets(fields.map(({ name }) => name));
  const run = (dry_run: boolean): void => {
    setError(null);
    const mapping = mappingOf(meanings);
    const asked = { list_id: list, mapping, update_contacts: isUpdate, tags: chosen, dry_run };
    start(asked).catch(setError);
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="mapping"
      onSubmit={(event) => {
        event.preventDefault();
        run(false);
      }}
    >
      <h2 id="mapping">What the columns mean</h2>
      {columns.map((name) => (
        <SelectField
          key={name}
          label={`Column ${name}`}
          value={meanings[name] ?? GUESS}
          options={options}
          set={(target) => setMeanings({ ...meanings, [name]: target })}
        />
      ))}
      <SelectField
        label="Into the list"
        value={list}
        options={lists.map(({ id, name }) => [String(id), name] as const)}
        set={setList}
      />
      <CheckField
        label="Of contacts that are there, replace what was known"
        checked={isUpdate}
        set={setUpdate}
      />
      {tags.map(({ id, name }) => (
        <CheckField
          key={id}
          label={`Give the tag ${name}`}
          checked={chosen.includes(id)}
          set={(isOn) => setChosen(isOn ? [...chosen, id] : chosen.filter((one) => one !== id))}
        />
      ))}
      {lists.length === 0 && <p>Make a list first: contacts are on at least one.</p>}
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit" class="main" disabled={list === ""}>
          Import
        </button>
        <button type="button" disabled={list === ""} onClick={() => run(true)}>
          Try it, write nothing
        </button>
      </div>
    </form>
  );
}
