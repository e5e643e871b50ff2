// Does the harness have teeth? Plants one bug after the other and runs the row that must find it.
import type { Row, Stand } from "./row.ts";
import { PLANTED, type Planted } from "./planted.ts";
import { ROWS } from "./rows.ts";

/** Runs all, or those of one row; says of each what was found. True when every bug was. */
export async function bite(stand: Stand, only: string | undefined): Promise<boolean> {
  const chosen = PLANTED.filter(({ row }) => only === undefined || row === only);
  let found = 0;
  for (const planted of chosen) {
    const reason = await find(stand, planted);
    if (reason !== null) found += 1;
    console.log(
      `${planted.row} · ${planted.bug}: ${reason === null ? "NOT FOUND" : `found (${reason})`}`,
    );
  }
  console.log(JSON.stringify({ planted: chosen.length, found }));
  return found === chosen.length;
}

/** What the row says is wrong, or null when it finds nothing. */
async function find(stand: Stand, { row: id, edit }: Planted): Promise<string | null> {
  try {
    const { breaches } = await rowOf(id).run({ ...stand, planted: edit });
    return breaches[0] ?? null;
  } catch (error) {
    // A bug may keep the row from its end; an edit that fits nothing, or that keeps the Worker from its start, is no bug.
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    if (/^the Worker (has this|ended|does not start)/.test(reason)) throw error;
    return reason;
  }
}

function rowOf(id: string): Row {
  const row = ROWS.find((one) => one.id === id);
  if (!row) throw new Error(`there is no row ${id}`);
  return row;
}
