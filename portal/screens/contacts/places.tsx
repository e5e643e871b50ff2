// The lists that a contact is on, how it stands to each, its way off them and onto another.
import { useState } from "preact/hooks";
import { patch, remove } from "../../lib/api.ts";
import { useRun } from "../../lib/run.ts";
import { may, useMe } from "../../lib/session.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { Link } from "../../ui/link.tsx";
import { Failure, Mark, Time } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import type { CustomField } from "../fields/field.ts";
import type { Offer } from "../fields/known.ts";
import { type List, STATUSES, statusWord } from "../lists/list.ts";
import type { ContactCard } from "./contact.ts";
import { PutOnList } from "./put-on-list.tsx";

type PlacesProps = {
  readonly contact: ContactCard;
  readonly fields: readonly CustomField[];
  readonly lists: Offer<List>;
  readonly again: () => void;
};

export function Places({ contact, fields, lists, again }: PlacesProps) {
  const { error, start } = useRun();
  const [leaving, setLeaving] = useState<{ name: string; path: string } | null>(null);
  const me = useMe();
  const isWriter = may(me, "lists", "write");
  const run = (work: () => Promise<unknown>, words: string): void =>
    start(async () => {
      await work();
      say(words);
      again();
    });
  return (
    <section class="card" aria-labelledby="on-lists">
      <h2 id="on-lists">Lists</h2>
      {contact.lists.length === 0 && <p class="quiet">It is on none.</p>}
      <ul class="stack">
        {contact.lists.map((place) => {
          const name = lists.all.find(({ id }) => id === place.id)?.name ?? String(place.id);
          const path = `/v1/lists/${place.id}/contacts/${contact.id}`;
          return (
            <li key={place.id} class="row">
              <span>
                <Link to={{ screen: "lists", id: String(place.id) }}>{name}</Link>{" "}
                <Mark word={statusWord(place.status)} /> since <Time at={place.subscribed_at} />
              </span>
              {isWriter && (
                <>
                  <select
                    aria-label={`How it stands to ${name}`}
                    value={place.status}
                    onChange={({ currentTarget: { value: status } }) =>
                      run(() => patch(path, { status }), `It is ${statusWord(status)} on ${name}.`)
                    }
                  >
                    {STATUSES.map(([status, words]) => (
                      <option key={status} value={status}>
                        {words}
                      </option>
                    ))}
                  </select>
                  <button
                    type="button"
                    class="small"
                    aria-label={`Take it off ${name}`}
                    onClick={() => setLeaving({ name, path })}
                  >
                    Take it off …
                  </button>
                </>
              )}
            </li>
          );
        })}
      </ul>
      {error !== null && <Failure error={error} />}
      {may(me, "contacts", "write") && (
        <PutOnList contact={contact} fields={fields} lists={lists} done={again} />
      )}
      {leaving && (
        <Confirm
          title={`Take ${contact.email} off ${leaving.name}?`}
          text="That it was on this list, and since when, is forgotten. To stop its mail and keep that, let it be unsubscribed."
          name={leaving.name}
          action="Take it off"
          run={async () => {
            await remove(leaving.path);
            say(`It is off ${leaving.name}.`);
            again();
          }}
          close={() => setLeaving(null)}
        />
      )}
    </section>
  );
}
