// Says what the columns of a file mean, and into which list it goes.
import { useState } from "preact/hooks";
import { usePlace } from "../../lib/router.ts";
import { useRun } from "../../lib/run.ts";
import { ChooseOne } from "../../ui/choose.tsx";
import { CheckField, SelectField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Failure } from "../../ui/parts.tsx";
import { ChooseTags } from "../fields/choose-tags.tsx";
import { type Known, listOptions, type Offer } from "../fields/known.ts";
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

type FormProps = Known & {
  readonly columns: readonly string[];
  readonly guess: Mapping;
  readonly lists: Offer<List>;
  readonly start: (asked: Start) => Promise<void>;
};

export function MappingForm({ columns, guess, lists, fields, tags, start }: FormProps) {
  const { query } = usePlace();
  const [list, setList] = useState(query["list"] ?? String(lists.all[0]?.id ?? ""));
  const [meanings, setMeanings] = useState(() => chosenOf(columns, guess));
  const [isUpdate, setUpdate] = useState(false);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const { error, start: tryIt } = useRun();
  const options = targets(fields.map(({ name }) => name));
  const run = (dry_run: boolean): Promise<void> => {
    const mapping = mappingOf(meanings);
    return start({ list_id: list, mapping, update_contacts: isUpdate, tags: chosen, dry_run });
  };
  return (
    <Form
      title="What the columns mean"
      action="Import"
      isMain
      isReady={list !== ""}
      run={() => run(false)}
      buttons={
        <button type="button" disabled={list === ""} onClick={() => tryIt(() => run(true))}>
          Try it, write nothing
        </button>
      }
    >
      {columns.map((name) => (
        <SelectField
          key={name}
          label={`Column ${name}`}
          value={meanings[name] ?? GUESS}
          options={options}
          set={(target) => setMeanings({ ...meanings, [name]: target })}
        />
      ))}
      <ChooseOne
        of="lists"
        label="Into the list"
        options={listOptions(lists)}
        isCut={lists.isCut}
        value={list}
        set={setList}
      />
      <CheckField
        label="Of contacts that are there, replace what was known"
        checked={isUpdate}
        set={setUpdate}
      />
      <ChooseTags tags={tags} word="Give the tag" chosen={chosen} set={setChosen} />
      {lists.all.length === 0 && <p>Make a list first: contacts are on at least one.</p>}
      {error !== null && <Failure error={error} />}
    </Form>
  );
}
