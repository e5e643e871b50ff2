// SQL of what lists' mail came to. It changes only in the transaction of commitStats (stats.ts).
import {
  type CampaignChange,
  type CampaignCounts,
  type CampaignName,
  sumCounts,
} from "../model/list-campaign.ts";
import { batch, rowsOf, statement, stored } from "./db.ts";
import { joinMessage, ofMessage } from "./message-item.ts";
import { CHUNK_LENGTH, chunks, type Guard } from "./stats-rollup.ts";

/** A campaign as it is stored. */
export type ListCampaign = CampaignName & {
  /** `lists.id`. */
  readonly list: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly counts: CampaignCounts;
};

type Row = {
  name: string;
  send_id: string;
  list_id: number;
  started_at: number;
  counters: string;
  codes: string;
};

/** Whether the message with this id (SQL), whose row is `m`, names a list. */
function isListed(id: string): string {
  return `${ofMessage(id, "list_id")} <> ${ofMessage(id, "mail_class")}`;
}

/** SQL of what a silent entry of the log says of the list of the message with this id; nothing where it has none. */
export function campaignOf(id: string): string {
  return `iif(${isListed(id)}, json_object('campaign', json_object(
    'listId', ${ofMessage(id, "list_id")}, 'sendId', ${ofMessage(id, "send_id")},
    'form', coalesce(${ofMessage(id, "form")}, 'multipart'), 'startedAt', m.created_at)), '{}')`;
}

type NamedRow = { id: number; list_id: string; name: string };

/** Lists that any of the texts in ?1 names: by number, `list_id` or name; living ones first. */
const NAMED = `select id, list_id, lower(name) as name from lists
  where id in (select cast(value as integer) from json_each(?1) where value not glob '*[^0-9]*')
    or list_id in (select value from json_each(?1)) or lower(name) in (select value from json_each(?1))
  order by status = 'deleted', id`;

function listNamed(lists: readonly NamedRow[], name: string): number | null {
  const found =
    lists.find(({ id }) => String(id) === name) ??
    lists.find((list) => list.list_id === name) ??
    lists.find((list) => list.name === name);
  return found?.id ?? null;
}

/**
 * What these changes make of campaigns; nothing of those whose list does not exist. A campaign stays with
 * the list that its name meant at first, whatever that is called later.
 */
export async function changedCampaigns(
  db: D1Database,
  changes: readonly CampaignChange[],
): Promise<readonly ListCampaign[]> {
  if (changes.length === 0) return [];
  const names = JSON.stringify(changes.map(({ listId, sendId }) => [listId, sendId]));
  const lists = JSON.stringify([...new Set(changes.map(({ listId }) => listId))]);
  const [campaigns, named] = await batch(db, [
    statement(
      db,
      `select name, send_id, list_id, started_at, counters, codes from list_campaigns
       where (name, send_id) in (select value ->> 0, value ->> 1 from json_each(?1))`,
      names,
    ),
    statement(db, NAMED, lists),
  ]);
  const known = new Map(rowsOf<Row>(campaigns).map((row) => [placeOf(decode(row)), decode(row)]));
  return changes.flatMap((change) => {
    const before = known.get(placeOf(change));
    const list = before?.list ?? listNamed(rowsOf<NamedRow>(named), change.listId);
    if (list === null) return [];
    const { listId, sendId, startedAt, added } = change;
    const counts = sumCounts(before ? [before.counts, added] : [added]);
    const first = Math.min(before?.startedAt ?? startedAt, startedAt);
    return [{ listId, sendId, list, startedAt: first, counts }];
  });
}

function placeOf({ listId, sendId }: CampaignName): string {
  return JSON.stringify([listId, sendId]);
}

function decode(row: Row): ListCampaign {
  return {
    listId: row.name,
    sendId: row.send_id,
    list: row.list_id,
    startedAt: row.started_at,
    counts: { counts: stored<number[]>(row.counters), codes: stored(row.codes) },
  };
}

/** Writes campaigns; only while the guard holds. */
export function upsertListCampaigns(
  db: D1Database,
  campaigns: readonly ListCampaign[],
  { where, parameters }: Guard,
): readonly D1PreparedStatement[] {
  const list = campaigns.map(({ listId, sendId, list, startedAt, counts: { counts, codes } }) =>
    JSON.stringify([listId, sendId, list, startedAt, counts, codes]),
  );
  return chunks(list, CHUNK_LENGTH).map((chunk) =>
    statement(
      db,
      `insert into list_campaigns (name, send_id, list_id, started_at, counters, codes)
       select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
       from json_each(?3) where ${where}
       on conflict (name, send_id) do update set started_at = excluded.started_at,
         counters = excluded.counters, codes = excluded.codes`,
      ...parameters,
      `[${chunk.join(",")}]`,
    ),
  );
}

/** Notes that lists' mail among the deliveries `cancelled` (SQL) was not sent after all; ?2 is now. */
export function logCancelledSql(cancelled: string): string {
  return `insert into event_log (position, events)
    select max(?2 * 1000, coalesce((select max(position) + 1 from event_log), 0)),
      json_group_array(json_patch(json_object('name', 'cancelled', 'at', ?2,
        'mailClass', ${ofMessage("d.message_id", "mail_class")}, 'tags', '', 'domain', ''),
        ${campaignOf("d.message_id")}))
    from (${cancelled}) d ${joinMessage("d.message_id")}
    where ${isListed("d.message_id")} group by 'one row'`;
}
