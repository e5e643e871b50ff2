// SQL of roll-ups: what each hour and each day came to, as it is stored. They change only in the
// transaction of commitStats (stats.ts).
import { MAIL_CLASSES, type MailClass } from "../model/message.ts";
import type { Span } from "../model/stats.ts";
import {
  type Cell,
  type Dimension,
  EMPTY_ROLLUP,
  type Rollup,
  type Tuple,
} from "../model/stats-rollup.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";

/** A span's beginning, epoch milliseconds, and what it came to. */
export type RollupOf = { readonly at: number; readonly rollup: Rollup };

const TABLE = { hour: "stats_hours", day: "stats_days" } as const satisfies Record<Span, string>;

/** The roll-ups of these spans; empty ones where nothing was counted yet. */
export async function readRollups(
  db: D1Database,
  wanted: Readonly<Record<Span, readonly number[]>>,
): Promise<Readonly<Record<Span, readonly RollupOf[]>>> {
  const select = (span: Span): D1PreparedStatement =>
    statement(
      db,
      `select at, tags, domain_groups from ${TABLE[span]}
       where at in (select value from json_each(?1))`,
      JSON.stringify(wanted[span]),
    );
  const [hours, days] = await batch(db, [select("hour"), select("day")]);
  const withEmpty = (span: Span, result: D1Result | undefined): readonly RollupOf[] => {
    const found = new Map(rowsOf<RollupRow>(result).map((row) => [row.at, decode(row)]));
    return wanted[span].map((at) => ({ at, rollup: found.get(at) ?? EMPTY_ROLLUP }));
  };
  return { hour: withEmpty("hour", hours), day: withEmpty("day", days) };
}

/** Characters of one statement's rows: after a standstill there may be many, and a value has 2 MB. */
export const CHUNK_LENGTH = 300_000;

/** What must hold for a write: SQL over the two parameters ?1 and ?2. */
export type Guard = {
  readonly where: string;
  readonly parameters: readonly [string | number, string | number];
};

/** Writes roll-ups; only while `where` holds. */
export function upsertRollups(
  db: D1Database,
  span: Span,
  write: Guard & { readonly rollups: readonly RollupOf[] },
): readonly D1PreparedStatement[] {
  const list = write.rollups.map(({ at, rollup }) =>
    JSON.stringify([at, encode(rollup.tags), encode(rollup.groups)]),
  );
  return chunks(list, CHUNK_LENGTH).map((chunk) =>
    statement(
      db,
      `insert into ${TABLE[span]} (at, tags, domain_groups)
       select value ->> 0, value ->> 1, value ->> 2 from json_each(?3) where ${write.where}
       on conflict (at) do update set tags = excluded.tags, domain_groups = excluded.domain_groups`,
      ...write.parameters,
      `[${chunk.join(",")}]`,
    ),
  );
}

/** Texts in order, in groups that are begun anew when one is full. */
export function chunks(texts: readonly string[], full: number): readonly (readonly string[])[] {
  let before = 0;
  const byChunk = Map.groupBy(texts, ({ length }) => {
    const chunk = Math.floor(before / full);
    before += length;
    return chunk;
  });
  return [...byChunk.values()];
}

/** What one span came to, counted one way. */
export type CellsOf = { readonly at: number; readonly cells: readonly Cell[] };

/** The next spans from one moment up to (not including) another, oldest first, counted one way. */
export async function pageRollups(
  db: D1Database,
  page: {
    readonly span: Span;
    readonly dimension: Dimension;
    readonly from: number;
    readonly to: number;
    readonly limit: number;
  },
): Promise<readonly CellsOf[]> {
  const column = page.dimension === "tags" ? "tags" : "domain_groups";
  const found = await rows<{ at: number; cells: string }>(
    statement(
      db,
      `select at, ${column} as cells from ${TABLE[page.span]}
       where at >= ?1 and at < ?2 order by at limit ?3`,
      page.from,
      page.to,
      page.limit,
    ),
  );
  return found.map(({ at, cells }) => ({ at, cells: decodeCells(cells) }));
}

/** Deletes the oldest hours and days that began before these moments, so many of each; answers how many. */
export async function deleteRollups(
  db: D1Database,
  before: Readonly<Record<Span, number>>,
  limit: number,
): Promise<number> {
  const remove = (span: Span): D1PreparedStatement =>
    statement(
      db,
      `delete from ${TABLE[span]} where at in
         (select at from ${TABLE[span]} where at < ?1 order by at limit ?2)`,
      before[span],
      limit,
    );
  const results = await batch(db, [remove("hour"), remove("day")]);
  return results.reduce((sum, { meta }) => sum + meta.changes, 0);
}

type RollupRow = { at: number; tags: string; domain_groups: string };

/** As stored: mail class → its cells, each a name and its counts without the zeros at the end. */
type StoredCells = Partial<Record<MailClass, readonly (readonly [string | null, Tuple])[]>>;

function encode(cells: readonly Cell[]): string {
  const own = (mailClass: MailClass) => cells.filter((cell) => cell.mailClass === mailClass);
  return JSON.stringify(
    Object.fromEntries(
      MAIL_CLASSES.map((mailClass) => [
        mailClass,
        own(mailClass).map(({ name, counts }) => [name, trimmed(counts)]),
      ]),
    ),
  );
}

function trimmed(counts: Tuple): Tuple {
  return counts.slice(0, counts.findLastIndex((count) => count !== 0) + 1);
}

function decode({ tags, domain_groups: groups }: RollupRow): Rollup {
  return { tags: decodeCells(tags), groups: decodeCells(groups) };
}

function decodeCells(text: string): readonly Cell[] {
  const cells = stored<StoredCells>(text);
  return MAIL_CLASSES.flatMap((mailClass) =>
    (cells[mailClass] ?? []).map(([name, counts]) => ({ mailClass, name, counts })),
  );
}
