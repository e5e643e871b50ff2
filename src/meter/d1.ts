// D1 with its rows counted, as each result tells them. Only what gives a result's meta is known: what could
// not be counted cannot be called.
import type { Meter } from "./meter.ts";

/** The database, counted. */
export function meteredD1(real: D1Database, meter: Meter): D1Database {
  const originals = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

  function seen<T extends D1Result>(result: T): T {
    meter.count("d1_rows_read", result.meta.rows_read);
    meter.count("d1_rows_written", result.meta.rows_written);
    return result;
  }

  function counted(statement: D1PreparedStatement): D1PreparedStatement {
    const made = new Proxy(statement, {
      get(target, name) {
        switch (name) {
          case "bind":
            return (...values: unknown[]) => counted(target.bind(...values));
          case "all":
            return async () => seen(await target.all());
          case "run":
            return async () => seen(await target.run());
          default:
            throw new Error(`D1's ${String(name)}() is not counted: use all(), run() or a batch`);
        }
      },
    });
    originals.set(made, statement);
    return made;
  }

  async function batch(statements: D1PreparedStatement[]): Promise<D1Result[]> {
    const results = await real.batch(statements.map((one) => originals.get(one) ?? one));
    return results.map(seen);
  }

  return new Proxy(real, {
    get(target, name) {
      switch (name) {
        case "prepare":
          return (sql: string) => counted(target.prepare(sql));
        case "batch":
          return batch;
        default:
          throw new Error(`D1's ${String(name)}() is not counted: use prepare() or batch()`);
      }
    },
  });
}
