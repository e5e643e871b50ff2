// The event log: rows between two positions, in both orders, and the position of a time.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { positionAt, readLog } from "../../src/store/event.ts";
import { statement } from "../../src/store/db.ts";
import { emptyLedger } from "../support/ledger.ts";

const POSITIONS = [1_000, 1_001, 2_000, 5_000, 5_001];
const END = Number.MAX_SAFE_INTEGER;

beforeAll(async () => {
  await emptyLedger();
  for (const position of POSITIONS) {
    const events = JSON.stringify([{ id: `e${position}`, text: "ü\n\"'" }]);
    const sql = "insert into event_log (position, events) values (?1, ?2)";
    await statement(env.DB, sql, position, events).run();
  }
});

async function positions(range: Parameters<typeof readLog>[1]): Promise<readonly number[]> {
  return (await readLog(env.DB, range)).map(({ position }) => position);
}

describe("readLog", () => {
  it.each([
    [{ after: 0, upTo: END, limit: 100 }, POSITIONS],
    [{ after: 1_000, upTo: 5_000, limit: 100 }, [1_001, 2_000, 5_000]],
    [{ after: 0, upTo: END, limit: 2 }, [1_000, 1_001]],
    [{ after: 0, upTo: END, limit: 2, order: "desc" }, [5_001, 5_000]],
    [{ after: 1_001, upTo: 5_000, limit: 9, order: "desc" }, [5_000, 2_000]],
    [{ after: 5_001, upTo: END, limit: 9 }, []],
    [{ after: 3_000, upTo: 2_000, limit: 9 }, []],
  ] as const)("in %j gives %j", async (range, wanted) => {
    expect(await positions(range)).toEqual(wanted);
  });

  it("gives the events as they were written", async () => {
    const [row] = await readLog(env.DB, { after: 0, upTo: END, limit: 1 });
    expect(row).toEqual({ position: 1_000, events: [{ id: "e1000", text: "ü\n\"'" }] });
  });
});

describe("positionAt", () => {
  it("is the first position of a millisecond", async () => {
    expect(await positions({ after: positionAt(2) - 1, upTo: END, limit: 1 })).toEqual([2_000]);
    expect(await positions({ after: 0, upTo: positionAt(2) - 1, limit: 9 })).toEqual([
      1_000, 1_001,
    ]);
  });
});
