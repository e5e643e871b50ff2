// Everything that D1 and R2 hold as it was at one moment, to be put back: what a restore by Time Travel does to
// D1, and what saves a test from building its world anew.
import { env } from "cloudflare:workers";

/** A copy that can be put back, any number of times. */
export type Copy = { readonly restore: () => Promise<void> };

/** Copies every table. */
export async function copyOfTables(): Promise<Copy> {
  const { results: tables } = await env.DB.prepare(
    `select name from sqlite_master where type = 'table' and name not like '\\_cf%' escape '\\'
     and name not like 'sqlite%' and name not like 'd1\\_%' escape '\\'`,
  ).all<{ name: string }>();
  const rows = await Promise.all(
    tables.map(async ({ name }) => {
      const { results } = await env.DB.prepare(`select * from ${name}`).all();
      return { name, results };
    }),
  );
  return {
    async restore() {
      await env.DB.batch(
        rows.flatMap(({ name, results }) => [
          env.DB.prepare(`delete from ${name}`),
          ...results.map((row) => {
            const columns = Object.keys(row);
            const places = columns.map((_, n) => `?${n + 1}`).join(", ");
            const sql = `insert into ${name} (${columns.join(", ")}) values (${places})`;
            return env.DB.prepare(sql).bind(...Object.values(row).map(bytesOrValue));
          }),
        ]),
      );
    },
  };
}

/** D1 gives a blob as an array of its bytes and takes it as an ArrayBuffer. */
function bytesOrValue(value: unknown): unknown {
  return Array.isArray(value) ? new Uint8Array(value.map(Number)).buffer : value;
}

/** Copies every object. */
export async function copyOfBlobs(): Promise<Copy> {
  const { objects } = await env.CONTENT.list();
  const kept = await Promise.all(
    objects.map(async ({ key }) => {
      const object = await env.CONTENT.get(key);
      return { key, bytes: await object?.arrayBuffer() };
    }),
  );
  return {
    async restore() {
      const { objects: now } = await env.CONTENT.list();
      if (now.length > 0) await env.CONTENT.delete(now.map(({ key }) => key));
      for (const { key, bytes } of kept) if (bytes) await env.CONTENT.put(key, bytes);
    },
  };
}
