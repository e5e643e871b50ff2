// How fast a pool's mail goes to each group of recipient domains, why, and how fast it may.
import { useState } from "preact/hooks";
import { getPage } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go, usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { actionColumn } from "../../ui/columns.tsx";
import { Answer } from "../../ui/answer.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { type Throttle, warmUpWords } from "./limit.ts";
import { ThrottleForm } from "./throttle-form.tsx";
import { WarmUpCurve } from "./warm-up.tsx";

type Pool = { readonly id: string; readonly name: string };

export function Throttles() {
  const { query } = usePlace();
  const pool = query["pool"] ?? "default";
  const paces = useLoad(() => ask(pool), pool);
  return (
    <Answer of={paces}>{(data) => <Paces pool={pool} {...data} again={paces.again} />}</Answer>
  );
}

type PacesProps = {
  readonly pool: string;
  readonly pools: readonly Pool[];
  readonly throttles: readonly Throttle[];
  readonly again: () => void;
};

function Paces({ pool, pools, throttles, again }: PacesProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const me = useMe();
  const change = actionColumn<Throttle>({
    of: ({ group }) => group,
    acts: { Change: ({ group }) => setChosen(group) },
  });
  const one = throttles.find(({ group }) => group === chosen);
  const warming = throttles.filter(({ pace }) => pace.warm_up !== null);
  return (
    <section aria-labelledby="pace">
      <h2 id="pace">Pace</h2>
      <p class="quiet">
        Receivers that say "slow down" are given less; it grows back by itself. What must wait keeps
        its place.
      </p>
      <div class="narrow">
        <SelectField
          label="Pool"
          value={pool}
          options={pools.map(({ id, name }) => [id, name] as const)}
          set={(pool) => go({ screen: "limits", query: { pool } })}
        />
      </div>
      <Table
        caption="Pace"
        columns={may(me, "throttles", "write") ? [...COLUMNS, change] : COLUMNS}
        rows={throttles}
        keyOf={({ group }) => group}
      />
      {one && (
        <ThrottleForm
          key={`${one.pool} ${one.group}`}
          throttle={one}
          done={() => {
            setChosen(null);
            again();
          }}
        />
      )}
      {warming.map(({ group, pace }) =>
        pace.warm_up === null ? null : (
          <WarmUpCurve key={group} group={group} warmUp={pace.warm_up} />
        ),
      )}
    </section>
  );
}

async function ask(pool: string) {
  const [pools, throttles] = await Promise.all([
    getPage<Pool>("/v1/pools", {}),
    getPage<Throttle>("/v1/throttles", { pool }),
  ]);
  return { pools: pools.data, throttles: throttles.data };
}

const COLUMNS: readonly Column<Throttle>[] = [
  { name: "Domains", text: ({ group }) => group },
  {
    name: "Connections",
    text: ({ pace }) => `${pace.connections} (${pace.in_use} in use)`,
  },
  {
    name: "An hour",
    text: ({ settings: { per_hour: most }, pace }) =>
      most === null ? "no limit" : `${pace.last_hour} of ${most}`,
  },
  { name: "Pace %", text: ({ pace }) => String(pace.percent), isNumber: true },
  { name: "Why", text: ({ pace }) => pace.reason ?? "", isLong: true },
  {
    name: "Warm-up",
    text: ({ pace: { warm_up: warmUp } }) => (warmUp === null ? "off" : warmUpWords(warmUp)),
    isLong: true,
  },
];
