// SQL of whether somebody opened, clicked or bounced for the first time in a campaign: another mail of the same
// list and send id may have been first. Reads the deliveries of that person since the campaign began, mostly one.
import { addressKey } from "../model/address.ts";
import type { CampaignChange, CampaignFirst } from "../model/list-campaign.ts";
import { rows, statement } from "./db.ts";
import { joinMessage, ofMessage } from "./message-item.ts";

/** Firsts of one statement: some hundred KB, and well within D1's 30 s. */
const CHUNK = 1_000;

/** What is asked of one, as a row `f`. */
const ASKED = `(select key, value ->> 0 as recipient, value ->> 1 as message_id, value ->> 2 as name,
  value ->> 3 as send_id, value ->> 4 as kind, value ->> 5 as at, value ->> 6 as started_at
  from json_each(?1))`;

/** When the campaign of `f` began, as far as it is known. */
const START = `min(f.started_at, coalesce((select started_at from list_campaigns c
  where c.name = f.name and c.send_id = f.send_id), f.started_at))`;

/** The smallest message id of that moment (lib/id.ts). */
const FIRST_ID = `printf('%08x-%04x-7000-8000-000000000000', ${START} >> 16, ${START} & 65535)`;

/** Whether another delivery `d` did before what `f` did. */
const BEFORE = `case f.kind
  when 'bounce' then (d.state = 'expired'
      or exists (select 1 from json_each(d.history) h where h.value ->> 'result' = 'failure'))
    and (d.history ->> '$[#-1].at', d.message_id) < (f.at, f.message_id)
    or exists (select 1 from json_each(d.activity) a
      where a.value ->> 'kind' in ('bounce', 'auto_reply', 'delayed')
        and (a.value ->> 'at', d.message_id) < (f.at, f.message_id))
  else exists (select 1 from json_each(d.activity) a
    where a.value ->> 'kind' = f.kind and a.value ->> 'machine' = 0
      and (a.value ->> 'at', d.message_id) < (f.at, f.message_id))
  end`;

/** Those that were not the first of their recipient in the campaign. */
export async function repeatedFirsts(
  db: D1Database,
  firsts: readonly CampaignFirst[],
  changes: readonly CampaignChange[],
): Promise<readonly CampaignFirst[]> {
  const starts = new Map(changes.map((change) => [placeOf(change), change.startedAt]));
  const repeated: CampaignFirst[] = [];
  for (let n = 0; n < firsts.length; n += CHUNK) {
    const chunk = firsts.slice(n, n + CHUNK);
    const asked = chunk.map((one) => [
      addressKey(one.email),
      one.messageId,
      one.listId,
      one.sendId,
      one.kind,
      one.at,
      starts.get(placeOf(one)) ?? one.at,
    ]);
    const found = await rows<{ key: number }>(
      statement(
        db,
        `select f.key from ${ASKED} f where exists (
           select 1 from deliveries d ${joinMessage("d.message_id")}
           where d.recipient = f.recipient and d.message_id >= ${FIRST_ID}
             and d.message_id <> f.message_id and ${ofMessage("d.message_id", "list_id")} = f.name
             and ${ofMessage("d.message_id", "send_id")} = f.send_id
             and ${BEFORE})`,
        JSON.stringify(asked),
      ),
    );
    const keys = new Set(found.map(({ key }) => key));
    repeated.push(...chunk.filter((_, index) => keys.has(index)));
  }
  return repeated;
}

function placeOf({ listId, sendId }: Pick<CampaignFirst, "listId" | "sendId">): string {
  return JSON.stringify([listId, sendId]);
}
