// The migrations, applied one after the other, give the database that schema.sql describes.
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import schema from "../schema.sql?raw";

type Entry = { type: string; name: string; sql: string };

it("migrations/ makes what schema.sql describes", async () => {
  const { results } = await env.DB.prepare(
    `select type, name, sql from sqlite_master where sql is not null
     and name not like 'd1_%' and name not like '_cf_%' and name not like 'sqlite_%' order by name`,
  ).all<Entry>();
  const described = [
    ...schema.replace(/--.*$/gm, "").matchAll(/create (?:unique )?(table|index) (\w+)[\s\S]*?;/g),
  ]
    .map((match) => ({ type: match[1] ?? "", name: match[2] ?? "", sql: match[0] }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(results.map(normalise)).toEqual(described.map(normalise));
});

function normalise({ type, name, sql }: Entry): Entry {
  const words = sql.replace(/--.*$/gm, "").replace(/;$/, "").replace(/\s+/g, " ");
  return {
    type,
    name,
    sql: words
      .replace(/\s*([(),])\s*/g, "$1")
      .trim()
      .toLowerCase(),
  };
}
