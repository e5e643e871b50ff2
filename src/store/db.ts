// How every store speaks to D1: statements with numbered parameters, batches that are one round trip
// and one transaction, and the size of the database as the platform last told it.

/** What a parameter may be; an absent value is null, never undefined. */
export type Parameter = string | number | null;

/** D1's limit for one value or row (platform limit); local workerd does not enforce it, we do. */
const MAX_VALUE_BYTES = 2_000_000;

const sizes = new WeakMap<D1Database, number>();

/** Prepares a statement with parameters ?1, ?2, … in order. Throws when a value is over 2 MB. */
export function statement(
  db: D1Database,
  sql: string,
  ...parameters: readonly Parameter[]
): D1PreparedStatement {
  for (const value of parameters) {
    // A UTF-16 unit is at most three bytes: only texts that might be over are measured.
    if (typeof value !== "string" || value.length * 3 <= MAX_VALUE_BYTES) continue;
    const bytes = new TextEncoder().encode(value).length;
    if (bytes > MAX_VALUE_BYTES) throw new Error(`a value of ${bytes} bytes is over D1's 2 MB`);
  }
  return db.prepare(sql).bind(...parameters);
}

/** Runs statements as one transaction in one round trip; the results are in the same order. */
export async function batch(
  db: D1Database,
  statements: D1PreparedStatement[],
): Promise<D1Result[]> {
  const results = await db.batch(statements);
  for (const result of results) note(db, result.meta.size_after);
  return results;
}

/** Runs one statement and gives its rows. */
export async function rows<Row>(query: D1PreparedStatement): Promise<readonly Row[]> {
  return (await query.all<Row>()).results;
}

/** The rows of one result of a batch, typed by the caller who wrote its SELECT. */
export function rowsOf<Row>(result: D1Result | undefined): readonly Row[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rows' border: SQL is typed by hand
  return (result?.results ?? []) as readonly Row[];
}

/** JSON that this store wrote itself, read back. */
export function stored<T>(text: string): T {
  const value: T = JSON.parse(text);
  return value;
}

/** Bytes of the database after the last batch of this isolate; 0 before the first. */
export function databaseSize(db: D1Database): number {
  return sizes.get(db) ?? 0;
}

function note(db: D1Database, sizeAfter: number): void {
  if (sizeAfter > 0) sizes.set(db, sizeAfter);
}

/**
 * Repeats a write once when it fails. D1 does not say whether a failed write was committed, so `work`
 * must be harmless the second time.
 */
export async function twice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch {
    return work();
  }
}

/** D1's limit for a pattern, in UTF-8 bytes, with what escapes `%`, `_` and `\` in it. */
const MAX_PATTERN_BYTES = 50;

/** What a part of a name may have in UTF-8; each `%`, `_` and `\` counts twice. */
export const MAX_LIKE_BYTES = MAX_PATTERN_BYTES - "%%".length;

/** Whether D1 can look for a part of a name. */
export function isLikeable(part: string): boolean {
  return new TextEncoder().encode(likeText(part)).length <= MAX_PATTERN_BYTES;
}

/** The pattern of a part of a name, without case (of ASCII), for `like … escape '\'`; "" for the empty part. */
export function likeText(part: string): string {
  if (part === "") return "";
  return `%${part.replaceAll(/[\\%_]/g, "\\$&")}%`;
}
