// SQL of the account's settings: one row, or none while the defaults hold.
import { type Account, DEFAULT_ACCOUNT } from "../model/account.ts";
import { rows, rowsOf, statement } from "./db.ts";

type AccountRow = {
  retention_days: number;
  content_retention_days: number;
  soft_bounce_count: number;
  soft_bounce_days: number;
  plan: Account["plan"];
};

const COLUMNS = "retention_days, content_retention_days, soft_bounce_count, soft_bounce_days, plan";

/** Selects the settings, alone or in a batch; `accountOf` reads its result. */
export function selectAccount(db: D1Database): D1PreparedStatement {
  return statement(db, `select ${COLUMNS} from account where id = 1`);
}

/** The settings that selectAccount found. */
export function accountOf(result: D1Result | undefined): Account {
  const [row] = rowsOf<AccountRow>(result);
  return row ? decode(row) : DEFAULT_ACCOUNT;
}

/** The settings as they are. */
export async function readAccount(db: D1Database): Promise<Account> {
  return accountOf(await selectAccount(db).all());
}

/** A change of settings; null leaves one as it is. */
export type AccountChange = {
  readonly retentionDays: number | null;
  readonly contentRetentionDays: number | null;
  readonly softBounceCount: number | null;
  readonly softBounceDays: number | null;
  readonly plan: Account["plan"];
};

/** Changes what is not null; null when content would be kept longer than its message. */
export async function changeAccount(
  db: D1Database,
  change: AccountChange,
): Promise<Account | null> {
  const defaults = DEFAULT_ACCOUNT;
  const changed = await rows<AccountRow>(
    statement(
      db,
      `insert into account (id, ${COLUMNS})
       select 1, retention, content, count, days, plan from (
         select coalesce(?1, a.retention_days, ?5) as retention,
           coalesce(?2, a.content_retention_days, ?6) as content,
           coalesce(?3, a.soft_bounce_count, ?7) as count,
           coalesce(?4, a.soft_bounce_days, ?8) as days,
           coalesce(?9, a.plan) as plan
         from (select 1) left join account a on a.id = 1)
       where content <= retention
       on conflict (id) do update set retention_days = excluded.retention_days,
         content_retention_days = excluded.content_retention_days,
         soft_bounce_count = excluded.soft_bounce_count,
         soft_bounce_days = excluded.soft_bounce_days, plan = excluded.plan
       returning ${COLUMNS}`,
      change.retentionDays,
      change.contentRetentionDays,
      change.softBounceCount,
      change.softBounceDays,
      defaults.retentionDays,
      defaults.contentRetentionDays,
      defaults.softBounces.count,
      defaults.softBounces.days,
      change.plan,
    ),
  );
  return changed[0] ? decode(changed[0]) : null;
}

function decode(row: AccountRow): Account {
  return {
    retentionDays: row.retention_days,
    contentRetentionDays: row.content_retention_days,
    softBounces: { count: row.soft_bounce_count, days: row.soft_bounce_days },
    plan: row.plan,
  };
}
