// SQL of what ends a contact's place on a list: the address said so, or is none. One statement for the
// transaction that suppresses the address; mail without a list costs nothing.
import { addressKey } from "../model/address.ts";
import { MEMBERSHIP_RANK, type MembershipStatus } from "../model/contact.ts";
import type { DeliveryEvent } from "../model/event.ts";
import { listNameOf } from "../model/list.ts";
import { hasList } from "../model/list-campaign.ts";
import type { SuppressionScope } from "../model/suppression.ts";
import { statement } from "./db.ts";

/** What an event makes of a place on the list of its mail, and the suppression that it comes with. */
const ENDS: Readonly<
  Partial<
    Record<
      DeliveryEvent["name"],
      { readonly status: MembershipStatus; readonly scope: SuppressionScope }
    >
  >
> = {
  unsubscribe: { status: "unsubscribed", scope: "unsubscribe" },
  spam_complaint: { status: "scomp", scope: "complaint" },
  bounce_bad_address: { status: "bounced", scope: "bounce" },
};

const RANK = Object.entries(MEMBERSHIP_RANK).map(
  ([status, rank]) => `when '${status}' then ${rank}`,
);

/**
 * The statement, to stand behind the one that writes the suppressions: a place ends where its address is
 * suppressed, so what was not recorded ends none. None when no event ends a place. Safe to repeat.
 */
export function endMemberships(
  db: D1Database,
  events: readonly DeliveryEvent[],
): readonly D1PreparedStatement[] {
  const ends = events.flatMap((event) => {
    const end = ENDS[event.name];
    if (!end || !hasList(event.listId, event.mailClass)) return [];
    const { id, text } = listNameOf(event.listId);
    const rank = MEMBERSHIP_RANK[end.status];
    return [{ address: addressKey(event.email), id, list: text, rank, ...end }];
  });
  if (ends.length === 0) return [];
  return [
    statement(
      db,
      `update memberships as m set status = e.value ->> 'status'
       from json_each(?1) e
       join contacts c on c.email = e.value ->> 'address'
       where m.contact_id = c.id and m.list_id = coalesce(
           (select id from lists where id = e.value ->> 'id' and status <> 'deleted'),
           (select id from lists where list_id = e.value ->> 'list' and status <> 'deleted'),
           (select id from lists where lower(name) = e.value ->> 'list' and status <> 'deleted'
             order by id limit 1))
         and case m.status ${RANK.join(" ")} end < e.value ->> 'rank'
         and exists (select 1 from suppressions s
           where s.address = c.email and s.scope = e.value ->> 'scope')`,
      JSON.stringify(worst(ends)),
    ),
  ];
}

type End = { readonly address: string; readonly list: string; readonly rank: number };

/** One end of each place, the last in rank: a statement changes a row once. */
function worst<E extends End>(ends: readonly E[]): readonly E[] {
  const places = new Map<string, E>();
  for (const end of ends) {
    const place = `${end.list} ${end.address}`;
    const before = places.get(place);
    if (!before || before.rank < end.rank) places.set(place, end);
  }
  return [...places.values()];
}
