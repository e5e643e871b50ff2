// How fast a pool's mail goes to each group of recipient domains, why, and how fast it may.
import { useState } from "preact/hooks";
import { get, getPage } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go, usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { actionColumn } from "../../ui/columns.tsx";
import { Answer } from "../../ui/answer.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { type Throttle, type ThrottleSettings, warmUpWords } from "./limit.ts";
import { ThrottleForm } from "./throttle-form.tsx";
import { WarmUpCurve } from "./warm-up.tsx";

/** No group is called so: all that have no setting of their own. */
const ALL = "*";

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
  /** Of all groups that have none of their own. */
  readonly settings: ThrottleSettings;
  readonly again: () => void;
};

function Paces({ pool, pools, throttles, settings, again }: PacesProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const isWriter = may(useMe(), "throttles", "write");
  const done = (): void => {
    setChosen(null);
    again();
  };
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
        columns={isWriter ? [...COLUMNS, change] : COLUMNS}
        rows={throttles}
        keyOf={({ group }) => group}
      />
      {isWriter && chosen === null && (
        <div class="row">
          <button type="button" onClick={() => setChosen(ALL)}>
            Change the whole pool
          </button>
        </div>
      )}
      {chosen === ALL && <ThrottleForm pool={pool} group={null} settings={settings} done={done} />}
      {one && (
        <ThrottleForm
          key={one.group}
          pool={pool}
          group={one.group}
          settings={one.settings}
          done={done}
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
  const [pools, throttles, settings] = await Promise.all([
    getPage<Pool>("/v1/pools", {}),
    getPage<Throttle>("/v1/throttles", { pool }),
    get<ThrottleSettings>(`/v1/throttles/${encodeURIComponent(pool)}`),
  ]);
  return { pools: pools.data, throttles: throttles.data, settings };
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
