// The program of the process that is killed: one run of the Worker in Miniflare, as the JSON file in
// its first argument says. Tells its parent the URL, then answers the parent's questions in SQL.
import { readFileSync } from "node:fs";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import * as z from "zod";

const questionSchema = z.object({
  id: z.number(),
  sql: z.string(),
  parameters: z.array(z.union([z.string(), z.number(), z.null()])),
});

/** What this process says: where the Worker listens, then the rows (or the error) of each question. */
export type Said =
  | { readonly kind: "ready"; readonly url: string }
  | { readonly kind: "rows"; readonly id: number; readonly rows: readonly unknown[] }
  | { readonly kind: "error"; readonly id: number; readonly reason: string };

/** A statement, numbered so that its answer is known. */
export type Question = z.infer<typeof questionSchema>;

const [, , file = ""] = process.argv;
// Miniflare parses what it is given.
const miniflare = new Miniflare(convertV4MiniflareOptions(JSON.parse(readFileSync(file, "utf8"))));
// Nobody is left to ask for anything, or to kill us.
process.once("disconnect", () => process.exit(1));
process.on("message", (message) => void answer(questionSchema.parse(message)));
say({ kind: "ready", url: (await miniflare.ready).href });

async function answer({ id, sql, parameters }: Question): Promise<void> {
  try {
    const db = await miniflare.getD1Database("DB");
    const { results } = await db
      .prepare(sql)
      .bind(...parameters)
      .all();
    say({ kind: "rows", id, rows: results });
  } catch (error) {
    say({ kind: "error", id, reason: String(error) });
  }
}

function say(said: Said): void {
  process.send?.(said);
}
