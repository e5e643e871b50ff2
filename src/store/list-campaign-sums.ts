// SQL of what campaigns of a list came to: what is counted, and what was accepted since.
import type { ContentForm } from "../model/content.ts";
import {
  CAMPAIGN_COUNTERS,
  type CampaignCounts,
  type CampaignName,
} from "../model/list-campaign.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";
import { ITEM_ID, ofItem, RECIPIENT_KEY, RECIPIENTS } from "./message-item.ts";

/** Campaigns of a list that started from one moment up to (not including) another. */
export type Started = { readonly list: number; readonly from: number; readonly to: number };

/** Those campaigns: a send id counts as one however the mail called the list. */
const STARTED = `list_id = ?1 and send_id in (select send_id from list_campaigns where list_id = ?1
  group by send_id having min(started_at) >= ?2 and min(started_at) < ?3)`;

/** Recipients that were accepted and are not counted yet, of one campaign and form. */
export type AcceptedMail = {
  readonly accepted: number;
  /** Those among them that a suppression stopped at once. */
  readonly suppressed: number;
  /** `startedAt` is the first accept among these, epoch milliseconds. */
  readonly campaign: CampaignName & { readonly form: ContentForm; readonly startedAt: number };
};

/** What the campaigns of a list came to. */
export type CampaignSums = {
  /** Those that started in the time, all together, as far as they are counted. */
  readonly counted: CampaignCounts;
  /** What was accepted since for anything that may name the list. */
  readonly fresh: readonly AcceptedMail[];
};

/** Reads both at one moment: what is counted meanwhile would be in both, or in neither. */
export async function campaignSums(db: D1Database, asked: Started): Promise<CampaignSums> {
  const sums = CAMPAIGN_COUNTERS.map((_, n) => `coalesce(sum(counters ->> '$[${n}]'), 0)`);
  const parameters = [asked.list, asked.from, asked.to];
  const [counted, codes, fresh] = await batch(db, [
    statement(
      db,
      `select json_array(${sums.join(", ")}) as counts from list_campaigns where ${STARTED}`,
      ...parameters,
    ),
    statement(
      db,
      `select c.key as code, sum(c.value) as n from list_campaigns, json_each(codes) c
       where ${STARTED} group by c.key having sum(c.value) <> 0 order by cast(c.key as integer)`,
      ...parameters,
    ),
    selectFresh(db, asked.list),
  ]);
  const [row] = rowsOf<{ counts: string }>(counted);
  const byCode = rowsOf<{ code: string; n: number }>(codes).map(
    ({ code, n }) => [code, n] as const,
  );
  return {
    counted: {
      counts: row ? stored<number[]>(row.counts) : [],
      codes: Object.fromEntries(byCode),
    },
    fresh: rowsOf<FreshRow>(fresh).map(decodeFresh),
  };
}

type FreshRow = AcceptedMail["campaign"] & Pick<AcceptedMail, "accepted" | "suppressed">;

function decodeFresh({ accepted, suppressed, ...campaign }: FreshRow): AcceptedMail {
  return { accepted, suppressed, campaign };
}

/** Whatever mail may call the list ?1, now or before. */
const NAMES = `select cast(id as text) from lists where id = ?1
  union select list_id from lists where id = ?1
  union select lower(name) from lists where id = ?1
  union select name from list_campaigns where list_id = ?1`;

function selectFresh(db: D1Database, list: number): D1PreparedStatement {
  return statement(
    db,
    `select ${ofItem("list_id")} as listId, ${ofItem("send_id")} as sendId,
       coalesce(${ofItem("form")}, 'multipart') as form,
       min(m.created_at) as startedAt, count(*) as accepted,
       count(case when d.suppressed_at = m.created_at then 1 end) as suppressed
     from messages m join ${RECIPIENTS}
     left join deliveries d on d.recipient = ${RECIPIENT_KEY} and d.message_id = ${ITEM_ID}
     where m.id > coalesce((select message_id from stats_cursor where id = 1), '')
       and ${ofItem("list_id")} <> ${ofItem("mail_class")} and ${ofItem("list_id")} in (${NAMES})
     group by 1, 2, 3`,
    list,
  );
}

/** When campaigns of a list started, as far as it is counted, by send id; epoch milliseconds. */
export async function campaignStarts(
  db: D1Database,
  list: number,
  sendIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const found = await rows<{ send_id: string; at: number }>(
    statement(
      db,
      `select send_id, min(started_at) as at from list_campaigns
       where list_id = ?1 and send_id in (select value from json_each(?2)) group by send_id`,
      list,
      JSON.stringify(sendIds),
    ),
  );
  return new Map(found.map(({ send_id: sendId, at }) => [sendId, at]));
}
