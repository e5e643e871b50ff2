// Which events an endpoint is told: all of them, or some.
import { EVENTS, type Format } from "./webhook.ts";

type EventsFieldProps = {
  readonly format: Format;
  /** Null: all, also those that are invented later. */
  readonly events: readonly string[] | null;
  readonly choose: (events: readonly string[] | null) => void;
};

export function EventsField({ format, events, choose }: EventsFieldProps) {
  const toggle = (name: string): void => {
    const chosen = events ?? [];
    const without = chosen.filter((one) => one !== name);
    choose(without.length < chosen.length ? without : [...chosen, name]);
  };
  return (
    <fieldset>
      <legend>Events</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={events === null}
          onChange={() => choose(events === null ? EVENTS[format] : null)}
        />
        <span>All events</span>
      </label>
      {events !== null &&
        EVENTS[format].map((name) => (
          <label key={name} class="check">
            <input type="checkbox" checked={events.includes(name)} onChange={() => toggle(name)} />
            <span>{name.replaceAll("_", " ")}</span>
          </label>
        ))}
    </fieldset>
  );
}
