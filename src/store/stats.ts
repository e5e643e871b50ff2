// SQL of statistics: how far they are counted, what was accepted since, and committing both together.
import { uuidv7Bound } from "../lib/id.ts";
import type { ContentForm } from "../model/content.ts";
import type { CampaignName } from "../model/list-campaign.ts";
import type { MailClass } from "../model/message.ts";
import { type Span, SPANS } from "../model/stats.ts";
import { batch, rowsOf, statement } from "./db.ts";
import { decodeFullRow, type EventRow, type FullLogRow, logPieceSql } from "./event.ts";
import { type ListCampaign, upsertListCampaigns } from "./list-campaign.ts";
import {
  ITEM_ID,
  itemColumns,
  ofItem,
  RECIPIENT_KEY,
  recipientCount,
  RECIPIENTS,
} from "./message-item.ts";
import { type RollupOf, upsertRollups } from "./stats-rollup.ts";

/** What is counted: the event log up to a position, messages up to an id. */
export type StatsCursor = { readonly position: number; readonly messageId: string };

/** Before anything was counted. */
const START: StatsCursor = { position: 0, messageId: "" };

/** Recipients that were accepted in one hour, of one mail class, tag, domain and campaign. */
export type AcceptedRow = {
  /** The beginning of the hour, epoch milliseconds. */
  readonly hour: number;
  readonly mailClass: MailClass;
  readonly tag: string;
  readonly domain: string;
  readonly accepted: number;
  /** Those among them that a suppression stopped at once. */
  readonly suppressed: number;
  /** Null when it has no list; `startedAt` is the first accept among these, epoch milliseconds. */
  readonly campaign: (CampaignName & Started) | null;
};

type Started = { readonly form: ContentForm; readonly startedAt: number };

/** A piece of what happened since the last count. */
export type News = {
  readonly from: StatsCursor;
  /** Where the piece ends; `from` when there is nothing. */
  readonly to: StatsCursor;
  readonly log: readonly FullLogRow[];
  readonly accepted: readonly AcceptedRow[];
  /** Whether more may follow at once, of either kind. */
  readonly moreLog: boolean;
  readonly moreAccepted: boolean;
};

/** Rows and characters of the log in one piece: a few thousand events in memory at a time. */
const PIECE_ROWS = 500;
const PIECE_LENGTH = 4_000_000;

/** Messages of one piece, and recipients, of which a message may have 1,000. */
const PIECE_MESSAGES = 1_000;
const PIECE_RECIPIENTS = 5_000;

/**
 * Reads the next piece in one round trip, after `after` or else after the cursor. Of messages only those
 * whose id was made before `until`, epoch milliseconds.
 */
export async function readNews(
  db: D1Database,
  { after, until }: { readonly after: StatsCursor | null; readonly until: number },
): Promise<News> {
  const [cursor, log, messages] = await batch(db, [
    statement(db, "select position, message_id as messageId from stats_cursor where id = 1"),
    statement(
      db,
      logPieceSql(`coalesce(?1, ${cursorColumn("position")}, 0)`, "?4"),
      after?.position ?? null,
      PIECE_ROWS,
      PIECE_LENGTH,
      Number.MAX_SAFE_INTEGER,
    ),
    acceptedPiece(db, after?.messageId ?? null, until),
  ]);
  const from = after ?? rowsOf<StatsCursor>(cursor)[0] ?? START;
  const entries = rowsOf<EventRow>(log).map(decodeFullRow);
  const accepted = acceptedOf(messages);
  const length = rowsOf<EventRow>(log).reduce((sum, { events }) => sum + events.length, 0);
  return {
    from,
    to: {
      position: entries.at(-1)?.position ?? from.position,
      messageId: accepted.last ?? from.messageId,
    },
    log: entries,
    accepted: accepted.rows,
    moreLog: entries.length === PIECE_ROWS || length >= PIECE_LENGTH,
    moreAccepted: accepted.more,
  };
}

/** A piece of what was accepted; `last` is the last message in it, null when there is none. */
export type AcceptedPiece = {
  readonly rows: readonly AcceptedRow[];
  readonly last: string | null;
  readonly more: boolean;
};

/** What was accepted after the cursor, as far as one piece goes. */
export async function readAccepted(db: D1Database, until: number): Promise<AcceptedPiece> {
  return acceptedOf(await acceptedPiece(db, null, until).all());
}

type StoredAcceptedRow = Omit<AcceptedRow, "campaign"> &
  Started & {
    readonly listId: string | null;
    readonly sendId: string | null;
    readonly messages: number;
    readonly last: string;
  };

function acceptedOf(result: D1Result | undefined): AcceptedPiece {
  const rows = rowsOf<StoredAcceptedRow>(result);
  const most = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  return {
    rows: rows.map(decodeAccepted),
    last:
      rows
        .map(({ last }) => last)
        .toSorted()
        .at(-1) ?? null,
    // A message counts under each of its recipients' domains: rather once too often.
    more:
      most(rows.map(({ messages }) => messages)) >= PIECE_MESSAGES ||
      most(rows.map(({ accepted }) => accepted)) >= PIECE_RECIPIENTS,
  };
}

function decodeAccepted({
  listId,
  sendId,
  form,
  startedAt,
  ...row
}: StoredAcceptedRow): AcceptedRow {
  const listed = listId !== null && sendId !== null;
  return { ...row, campaign: listed ? { listId, sendId, form, startedAt } : null };
}

/** Counts the next messages after an id, or else after the cursor. */
function acceptedPiece(db: D1Database, after: string | null, until: number): D1PreparedStatement {
  return statement(
    db,
    `with piece as (
       select id, coalesce(sum(${recipientCount("m")}) over (
         order by id rows between unbounded preceding and 1 preceding), 0) as before
       from (select id, recipients, recipient_count from messages
         where id > coalesce(?1, ${cursorColumn("message_id")}, '') and id < ?2
         order by id limit ?3) m
     ), mail as (
       select m.id, m.created_at, ${ITEM_ID} as message_id, ${RECIPIENT_KEY} as recipient,
         substr(r.value ->> 'address', instr(r.value ->> 'address', '@') + 1) as domain,
         ${itemColumns(["mail_class", "tags", "list_id", "send_id", "form"])},
         ${ofItem("list_id")} <> ${ofItem("mail_class")} as listed
       from piece p join messages m on m.id = p.id join ${RECIPIENTS} where p.before < ?4)
     select m.created_at - m.created_at % ${SPANS.hour} as hour, m.mail_class as mailClass,
       m.tags as tag, m.domain, count(*) as accepted, count(distinct m.id) as messages, max(m.id) as last,
       count(case when d.suppressed_at = m.created_at then 1 end) as suppressed,
       iif(m.listed, m.list_id, null) as listId, iif(m.listed, m.send_id, null) as sendId,
       iif(m.listed, coalesce(m.form, 'multipart'), null) as form, min(m.created_at) as startedAt
     from mail m left join deliveries d on d.recipient = m.recipient and d.message_id = m.message_id
     group by 1, 2, 3, 4, listId, sendId, 11`,
    after,
    uuidv7Bound(until),
    PIECE_MESSAGES,
    PIECE_RECIPIENTS,
  );
}

function cursorColumn(name: string): string {
  return `(select ${name} from stats_cursor where id = 1)`;
}

/** One move of the cursor with everything that it counted. */
export type StatsCommit = {
  readonly from: StatsCursor;
  readonly to: StatsCursor;
  readonly rollups: Readonly<Record<Span, readonly RollupOf[]>>;
  readonly campaigns: readonly ListCampaign[];
};

/**
 * Commits roll-ups and cursor as one transaction, and nothing when the cursor is not where it was read:
 * then somebody else has counted. Safe to repeat. Answers whether it was committed.
 */
export async function commitStats(db: D1Database, commit: StatsCommit): Promise<boolean> {
  const { from, to, rollups, campaigns } = commit;
  const guard = { where: STILL_AT, parameters: [from.position, from.messageId] } as const;
  const results = await batch(db, [
    ...upsertRollups(db, "hour", { rollups: rollups.hour, ...guard }),
    ...upsertRollups(db, "day", { rollups: rollups.day, ...guard }),
    ...upsertListCampaigns(db, campaigns, guard),
    statement(
      db,
      `insert into stats_cursor (id, position, message_id) select 1, ?3, ?4 where ${STILL_AT}
       on conflict (id) do update set position = excluded.position, message_id = excluded.message_id`,
      from.position,
      from.messageId,
      to.position,
      to.messageId,
    ),
  ]);
  return (results.at(-1)?.meta.changes ?? 0) > 0;
}

/** The cursor is at ?1, ?2. */
const STILL_AT = `coalesce((select position = ?1 and message_id = ?2 from stats_cursor where id = 1),
  ?1 = ${START.position} and ?2 = '${START.messageId}')`;
