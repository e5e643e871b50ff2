// SQL of intakes.
import type { StoredIntake, Vendor } from "../model/intake.ts";
import { DEFAULT_RELAY_ID } from "../model/relay.ts";
import { rows, statement } from "./db.ts";

type IntakeRow = {
  relay_id: string;
  vendor: Vendor;
  proof: string;
  created_at: number;
  updated_at: number;
};

/** The intake of a relay, or null. */
export async function findIntake(db: D1Database, relayId: string): Promise<StoredIntake | null> {
  const [row] = await rows<IntakeRow>(
    statement(
      db,
      "select relay_id, vendor, proof, created_at, updated_at from intakes where relay_id = ?1",
      relayId,
    ),
  );
  return row ? decode(row) : null;
}

/** Sets the intake of a relay that exists; the default relay is the caller's to know. Null: no such relay. */
export async function putIntake(
  db: D1Database,
  intake: Omit<StoredIntake, "createdAt">,
): Promise<StoredIntake | null> {
  const [row] = await rows<IntakeRow>(
    statement(
      db,
      `insert into intakes (relay_id, vendor, proof, created_at, updated_at)
       select ?1, ?2, ?3, ?4, ?4
       where ?1 = '${DEFAULT_RELAY_ID}' or exists (select 1 from relays where id = ?1)
       on conflict (relay_id) do update set vendor = ?2, proof = ?3, updated_at = ?4
       returning relay_id, vendor, proof, created_at, updated_at`,
      intake.relayId,
      intake.vendor,
      intake.proof,
      intake.updatedAt,
    ),
  );
  return row ? decode(row) : null;
}

/** Removes the intake of a relay; false when there is none. */
export async function deleteIntake(db: D1Database, relayId: string): Promise<boolean> {
  const gone = await rows<{ relay_id: string }>(
    statement(db, "delete from intakes where relay_id = ?1 returning relay_id", relayId),
  );
  return gone.length > 0;
}

function decode(row: IntakeRow): StoredIntake {
  return {
    relayId: row.relay_id,
    vendor: row.vendor,
    proof: row.proof,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
