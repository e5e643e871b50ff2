// SQL of the account's settings: one row, or none while the defaults hold.
import { type Account, DEFAULT_ACCOUNT } from "../model/account.ts";
import { rows, statement } from "./db.ts";

type AccountRow = { retention_days: number; content_retention_days: number };

/** The settings as they are. */
export async function readAccount(db: D1Database): Promise<Account> {
  const found = await rows<AccountRow>(
    statement(db, "select retention_days, content_retention_days from account where id = 1"),
  );
  return found[0] ? decode(found[0]) : DEFAULT_ACCOUNT;
}

/** Changes what is not null; null when content would be kept longer than its message. */
export async function changeAccount(
  db: D1Database,
  change: { readonly [Setting in keyof Account]: Account[Setting] | null },
): Promise<Account | null> {
  const changed = await rows<AccountRow>(
    statement(
      db,
      `insert into account (id, retention_days, content_retention_days)
       select 1, retention, content from (
         select coalesce(?1, a.retention_days, ?3) as retention,
           coalesce(?2, a.content_retention_days, ?4) as content
         from (select 1) left join account a on a.id = 1)
       where content <= retention
       on conflict (id) do update set retention_days = excluded.retention_days,
         content_retention_days = excluded.content_retention_days
       returning retention_days, content_retention_days`,
      change.retentionDays,
      change.contentRetentionDays,
      DEFAULT_ACCOUNT.retentionDays,
      DEFAULT_ACCOUNT.contentRetentionDays,
    ),
  );
  return changed[0] ? decode(changed[0]) : null;
}

function decode(row: AccountRow): Account {
  return { retentionDays: row.retention_days, contentRetentionDays: row.content_retention_days };
}
