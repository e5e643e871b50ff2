// The lists that a contact is on, how it stands to each, its way off them and onto another.
import { useState } from "preact/hooks";
import { patch, remove } from "../../lib/api.ts";
import { may, useMe } from "../../lib/session.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { Link } from "../../ui/link.tsx";
import { Mark, Time } from "../../ui/parts.tsx";
import { SelectNow } from "../../ui/select-now.tsx";
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
  const [leaving, setLeaving] = useState<{ name: string; path: string } | null>(null);
  const me = useMe();
  const isWriter = may(me, "lists", "write");
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
                  <SelectNow
                    label={`How it stands to ${name}`}
                    value={place.status}
                    options={STATUSES}
                    ask={async (status) => {
                      await patch(path, { status });
                      say(`It is ${statusWord(status)} on ${name}.`);
                      again();
                    }}
                  />
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
