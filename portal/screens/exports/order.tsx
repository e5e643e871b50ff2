// The form that orders an export: only the filters that mean something for its kind.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { usePlace } from "../../lib/router.ts";
import { classChoices, useMe } from "../../lib/session.ts";
import { EVENTS } from "../../lib/words.ts";
import { CheckFields, SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { say } from "../../ui/toast.tsx";
import {
  ANY_SCOPE,
  bodyOf,
  BY,
  FORMATS,
  INTERVALS,
  kindsFor,
  NO_ORDER,
  type Order,
  STATES,
} from "./export.ts";

export function OrderForm({ done }: { readonly done: () => void }) {
  const { query } = usePlace();
  const kinds = kindsFor(useMe());
  // A list's page leads here with its kind and list.
  const [order, setOrder] = useState<Order>({ ...NO_ORDER, kind: kinds[0]?.[0] ?? "", ...query });
  const set = (change: Partial<Order>): void => setOrder({ ...order, ...change });
  const submit = async (): Promise<void> => {
    await post("/v1/exports", bodyOf(order));
    say("It is being made.");
    done();
  };
  return (
    <Form title="Order an export" layout="row" action="Order" isMain run={submit}>
      <SelectField
        label="Export"
        value={order.kind}
        options={kinds}
        set={(kind) => set({ kind })}
      />
      <SelectField
        label="Format"
        value={order.format}
        options={FORMATS}
        set={(format) => set({ format })}
      />
      <TextField
        label="From"
        type="datetime-local"
        value={order.from}
        set={(from) => set({ from })}
      />
      <TextField label="To" type="datetime-local" value={order.to} set={(to) => set({ to })} />
      <Filters order={order} set={set} />
    </Form>
  );
}

type FiltersProps = { readonly order: Order; readonly set: (change: Partial<Order>) => void };

function Filters({ order, set }: FiltersProps) {
  const { kind } = order;
  const classes = classChoices(useMe());
  return (
    <>
      {kind === "events" && <Events events={order.events} set={(events) => set({ events })} />}
      {kind !== "suppressions" && kind !== "contacts" && classes.length > 0 && (
        <SelectField
          label="Mail class"
          value={order.mail_class}
          options={classes}
          set={(mail_class) => set({ mail_class })}
        />
      )}
      {(kind === "events" || kind === "messages") && (
        <SelectField
          label="State of the delivery"
          value={order.state}
          options={STATES}
          set={(state) => set({ state })}
        />
      )}
      {kind === "statistics" && (
        <>
          <SelectField label="By" value={order.by} options={BY} set={(by) => set({ by })} />
          <SelectField
            label="Interval"
            value={order.interval}
            options={INTERVALS}
            set={(interval) => set({ interval })}
          />
        </>
      )}
      {kind === "suppressions" && (
        <SelectField
          label="Scope"
          value={order.scope}
          options={ANY_SCOPE}
          set={(scope) => set({ scope })}
        />
      )}
      {kind === "contacts" && (
        <TextField
          label="List (id or name); empty: everybody"
          value={order.list}
          set={(list) => set({ list })}
        />
      )}
    </>
  );
}

type EventsProps = {
  readonly events: readonly string[];
  readonly set: (events: readonly string[]) => void;
};

function Events({ events, set }: EventsProps) {
  return (
    <fieldset>
      <legend>Only these events; none chosen: all</legend>
      <CheckFields
        options={EVENTS.map((name) => [name, name.replaceAll("_", " ")] as const)}
        chosen={events}
        set={set}
      />
    </fieldset>
  );
}
