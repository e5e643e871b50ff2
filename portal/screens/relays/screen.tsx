// What mail leaves through: relays and how they have been, pools of them, and the rules that choose a pool.
import { useState } from "preact/hooks";
import { getPage, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { may, type Me, useMe } from "../../lib/session.ts";
import { actionColumn } from "../../ui/columns.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Empty, Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { AddRelay } from "./add-relay.tsx";
import { Pools } from "./pools.tsx";
import { Intakes } from "./intakes.tsx";
import { DEFAULT_RELAY_ID, type Pool, type Relay, type Rule } from "./relay.ts";
import { Rules } from "./rules.tsx";

export function Screen() {
  const me = useMe();
  const { data, error, again } = useLoad(() => ask(me), "");
  return (
    <>
      <h1>Relays</h1>
      <p class="quiet">
        Mail leaves through these. One that fails is put aside and tried again; the others go on.
      </p>
      {error !== null && <Failure error={error} again={again} />}
      {data === null && error === null && <Waiting />}
      {data && <Relays relays={data.relays} changed={again} />}
      {data && may(me, "relays", "write") && (
        <>
          <AddRelay done={again} />
          <Intakes relays={data.relays} changed={again} />
        </>
      )}
      {data && may(me, "pools") && (
        <>
          <Pools pools={data.pools} relays={data.relays} changed={again} />
          <Rules rules={data.rules} pools={data.pools} changed={again} />
        </>
      )}
    </>
  );
}

type Sending = {
  readonly relays: readonly Relay[];
  readonly pools: readonly Pool[];
  readonly rules: readonly Rule[];
};

async function ask(me: Me): Promise<Sending> {
  const none = { data: [] };
  const isPoolReader = may(me, "pools");
  const [relays, pools, rules] = await Promise.all([
    getPage<Relay>("/v1/relays", {}),
    isPoolReader ? getPage<Pool>("/v1/pools", {}) : none,
    isPoolReader ? getPage<Rule>("/v1/pools/rules", {}) : none,
  ]);
  return { relays: relays.data, pools: pools.data, rules: rules.data };
}

const COLUMNS: readonly Column<Relay>[] = [
  { name: "Relay", text: ({ name }) => name, isLong: true },
  { name: "Host", text: ({ host, port }) => `${host}:${port}`, isLong: true },
  { name: "TLS", text: ({ tls }) => tls },
  { name: "State", text: ({ state }) => state, show: (relay) => <State {...relay} /> },
  { name: "Last failure", text: (row) => row.last_failure ?? "", isLong: true },
  { name: "Reports come in from", text: ({ intake }) => intake ?? "" },
];

function State({ state, failures, aside_until: until }: Relay) {
  return (
    <>
      <Mark word={state} />{" "}
      {state !== "usable" && (
        <span class="quiet">
          after {failures} {failures === 1 ? "failure" : "failures"}
          {until !== null && (
            <>
              {" "}
              until <Time at={until} />
            </>
          )}
        </span>
      )}
    </>
  );
}

type RelaysProps = { readonly relays: readonly Relay[]; readonly changed: () => void };

function Relays({ relays, changed }: RelaysProps) {
  const [leaving, setLeaving] = useState<Relay | null>(null);
  const isWriter = may(useMe(), "relays", "write");
  if (relays.length === 0) {
    return <Empty title="No relay yet">Without one, mail is accepted and waits.</Empty>;
  }
  const drop = actionColumn<Relay>({
    of: ({ name }) => name,
    acts: { "Remove …": setLeaving },
    unless: ({ id }) => (id === DEFAULT_RELAY_ID ? "set by RELAY_URL" : null),
  });
  return (
    <>
      <Table
        caption="Relays"
        columns={isWriter ? [...COLUMNS, drop] : COLUMNS}
        rows={relays}
        keyOf={({ id }) => id}
      />
      {leaving && (
        <Confirm
          title={`Remove ${leaving.name}?`}
          text="What waits goes through the others. Its password is gone for good."
          name={leaving.name}
          action="Remove"
          close={() => setLeaving(null)}
          run={async () => {
            await remove(`/v1/relays/${encodeURIComponent(leaving.id)}`);
            say(`${leaving.name} is gone.`);
            changed();
          }}
        />
      )}
    </>
  );
}
