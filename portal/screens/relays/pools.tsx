// Pools: weighted sets of relays.
import { useState } from "preact/hooks";
import { patch, post, remove } from "../../lib/api.ts";
import { may, useMe } from "../../lib/session.ts";
import { actionColumn, markColumn } from "../../ui/columns.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { KIND_WORDS, placed, type Pool, type Relay } from "./relay.ts";

type PoolsProps = {
  readonly pools: readonly Pool[];
  readonly relays: readonly Relay[];
  readonly changed: () => void;
};

export function Pools({ pools, relays, changed }: PoolsProps) {
  const [editing, setEditing] = useState<Pool | null>(null);
  const [leaving, setLeaving] = useState<Pool | null>(null);
  const isWriter = may(useMe(), "pools", "write");
  const done = (): void => {
    setEditing(null);
    changed();
  };
  const columns = columnsOf(relays);
  const change = actionColumn<Pool>({
    of: ({ name }) => name,
    acts: { Change: setEditing, "Remove …": setLeaving },
    unless: ({ created_at: at }) => (at === null ? "made by itself" : null),
  });
  return (
    <section aria-labelledby="pools">
      <h2 id="pools">Pools</h2>
      <p class="quiet">
        A delivery goes through a relay of its pool, by weight; a weight of 0 stands by. Relays of
        no other pool make the default one.
      </p>
      <Table
        caption="Pools"
        columns={isWriter ? [...columns, change] : columns}
        rows={pools}
        keyOf={({ id }) => id}
      />
      {isWriter && <PoolForm key={editing?.id ?? ""} pool={editing} relays={relays} done={done} />}
      {leaving && (
        <Confirm
          title={`Remove the pool ${leaving.name}?`}
          text="Its relays stay, and stand in the default pool again."
          name={leaving.name}
          action="Remove"
          close={() => setLeaving(null)}
          run={async () => {
            await remove(`/v1/pools/${encodeURIComponent(leaving.id)}`);
            say(`The pool ${leaving.name} is gone.`);
            done();
          }}
        />
      )}
    </section>
  );
}

function columnsOf(relays: readonly Relay[]): readonly Column<Pool>[] {
  const names = new Map(relays.map(({ id, name }) => [id, name]));
  const members = ({ relays }: Pool): string =>
    relays.map(({ relay_id: id, weight }) => `${names.get(id) ?? id} × ${weight}`).join(", ");
  return [
    { name: "Pool", text: ({ name }) => name, isLong: true },
    markColumn("Kind", ({ kind }) => kind),
    { name: "Relays × weight", text: members, isLong: true },
  ];
}

type FormProps = {
  /** The pool that is changed; null: a new one. */
  readonly pool: Pool | null;
  readonly relays: readonly Relay[];
  readonly done: () => void;
};

function PoolForm({ pool, relays, done }: FormProps) {
  const [name, setName] = useState(pool?.name ?? "");
  const [kind, setKind] = useState(pool?.kind ?? "shared");
  const [places, setPlaces] = useState(pool?.relays ?? []);
  const save = async (): Promise<void> => {
    const body = { name, kind, relays: places };
    if (pool === null) await post("/v1/pools", body);
    else await patch(`/v1/pools/${encodeURIComponent(pool.id)}`, body);
    say(`The pool ${name} is kept.`);
    if (pool === null) {
      setName("");
      setPlaces([]);
    }
    done();
  };
  return (
    <Form
      title={pool === null ? "Make a pool" : `Change ${pool.name}`}
      action={pool === null ? "Make the pool" : "Save the pool"}
      run={save}
      buttons={
        pool !== null && (
          <button type="button" onClick={done}>
            Leave it
          </button>
        )
      }
    >
      <TextField label="Name of the pool" required value={name} set={setName} />
      <SelectField label="Kind" value={kind} options={KIND_WORDS} set={setKind} />
      {relays.map(({ id, name }) => (
        <TextField
          key={id}
          label={`Weight of ${name}; empty: not in this pool`}
          type="number"
          min={0}
          max={100}
          value={places.find(({ relay_id }) => relay_id === id)?.weight.toString() ?? ""}
          set={(text) => setPlaces(placed(places, id, text === "" ? null : Number(text)))}
        />
      ))}
    </Form>
  );
}
