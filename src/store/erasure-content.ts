// SQL of looking through the contents in D1 for mentions of addresses, and of writing back what is left.
import { usualSpellings } from "../model/mention.ts";
import { type Change, rewrittenInline } from "./content-rewrite.ts";
import { rows, statement } from "./db.ts";

/** Contents that one step passes, of at most 32 KB each. */
const STEP_CONTENTS = 100;

/** A content in D1. */
export type InlineContent = {
  readonly id: number;
  readonly messageId: string;
  readonly head: string;
  readonly parts: string | null;
};

/** Contents after a number that may name one of the addresses; those with attachments may always. */
export async function readContents(
  db: D1Database,
  after: number,
  addresses: readonly string[],
): Promise<{ readonly contents: readonly InlineContent[]; readonly next: number | null }> {
  const found = await rows<InlineContent & { passed: number; named: number }>(
    statement(
      db,
      `with scanned as materialized (
         select id, message_id, head, parts, lower(head) as low
         from contents where id > ?1 order by id limit ${STEP_CONTENTS}
       ), judged as (
         select id, message_id, parts is not null or exists (
           select 1 from json_each(?2) s where instr(low, s.value) > 0) as named, head, parts
         from scanned)
       select id, message_id as messageId, named, count(*) over () as passed,
         iif(named, head, '') as head, iif(named, parts, null) as parts
       from judged order by id`,
      after,
      JSON.stringify(addresses.flatMap(usualSpellings)),
    ),
  );
  const last = found.at(-1);
  return {
    contents: found.filter(({ named }) => named === 1),
    next: last?.passed === STEP_CONTENTS ? last.id : null,
  };
}

/**
 * Changes a content; `change` answers what it was given when there is nothing to do. False when somebody
 * else changed it meanwhile.
 */
export async function rewriteContent(
  db: D1Database,
  content: InlineContent,
  change: Change,
): Promise<boolean> {
  const changed = rewrittenInline(content, change);
  if (changed === null) return true;
  const result = await statement(
    db,
    `update contents set head = ?3, parts = ?4
     where id = ?1 and message_id = ?2 and head = ?5 and parts is ?6`,
    content.id,
    content.messageId,
    changed.head,
    changed.parts,
    content.head,
    content.parts,
  ).run();
  return result.meta.changes > 0;
}
