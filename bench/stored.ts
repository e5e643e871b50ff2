// The gate of the legs that only accept: each accepted message is stored with what belongs to it, and
// nothing else is.
import * as z from "zod";
import type { Stage } from "./ground.ts";

/** Ids asked for in one statement. */
const IDS_A_QUERY = 5_000;

const countRow = z.object({ n: z.number() });

/** Looks each accepted message up, and counts what was stored in all. */
export async function everyAnswerHasItsRow(stage: Stage, accepted: readonly string[]) {
  const count = async (sql: string, parameters: readonly string[]): Promise<number> =>
    z.array(countRow).parse(await stage.sql(sql, parameters))[0]?.n ?? 0;
  let complete = 0;
  for (let start = 0; start < accepted.length; start += IDS_A_QUERY) {
    const ids = JSON.stringify(accepted.slice(start, start + IDS_A_QUERY));
    complete += await count(
      `select count(*) as n from json_each(?1) j
       join messages m on m.id = j.value
       join contents c on c.id = m.content_id and c.message_id = m.id
       join deliveries d on d.recipient = m.recipients ->> '$[0].address' and d.message_id = m.id`,
      [ids],
    );
  }
  const stored = await count("select count(*) as n from messages", []);
  const unique = new Set(accepted).size;
  const ok = unique === accepted.length && complete === unique && stored === unique;
  return { ok, accepted: accepted.length, unique, complete, stored };
}
