// Which events an endpoint is told: all of them, or some.
import { CheckField, CheckFields } from "../../ui/fields.tsx";
import { EVENTS, type Format } from "./webhook.ts";

type EventsFieldProps = {
  readonly format: Format;
  /** Null: all, also those that are invented later. */
  readonly events: readonly string[] | null;
  readonly choose: (events: readonly string[] | null) => void;
};

export function EventsField({ format, events, choose }: EventsFieldProps) {
  const all = EVENTS[format];
  return (
    <fieldset>
      <legend>Events</legend>
      <CheckField
        label="All events"
        checked={events === null}
        set={(isAll) => choose(isAll ? null : all)}
      />
      {events !== null && (
        <CheckFields
          options={all.map((name) => [name, name.replaceAll("_", " ")] as const)}
          chosen={events}
          set={choose}
        />
      )}
    </fieldset>
  );
}
