// SQL of storing what is charged for: the statements of an accept as one transaction, with the charge among
// them where credits are counted.
import { batch, rowsOf } from "./db.ts";

/** The place of the charge among the statements. */
const CHARGE_AT = 1;

/** Databases in which credits were counted when this isolate saw it last: there, sends begin with a charge. */
const counting = new WeakSet<D1Database>();

/** The message that is stored, or that owns the idempotency key. */
export type OwnerRow = { readonly id: string; readonly request_hash: string | null };

/** What storing came to: who owns the key, or what credits are missing. */
export type Stored = {
  readonly owners: readonly OwnerRow[];
  /** What the statement before the owner answered. */
  readonly beforeOwner: D1Result | undefined;
  readonly lack: { readonly needed: number; readonly balance: number } | null;
};

/**
 * Runs what stores the row `id`; where credits are counted, with the charge that allows it. `storing` begins
 * with freeing the idempotency key and ends with who owns it.
 */
export async function storeCharged(
  db: D1Database,
  sending: {
    readonly id: string;
    readonly storing: () => readonly D1PreparedStatement[];
    readonly charge: () => D1PreparedStatement;
    readonly lack: () => D1PreparedStatement;
  },
): Promise<Stored> {
  if (!counting.has(db)) {
    const stored = await batch(db, [...sending.storing()]);
    const owners = rowsOf<OwnerRow>(stored.at(-1));
    if (owners.length > 0) return { owners, beforeOwner: stored.at(-2), lack: null };
    // Every recipient is suppressed, or credits are counted and nothing was charged.
  }
  // After the key that is too old was freed, before the row that a charge allows.
  const parts = sending.storing().toSpliced(CHARGE_AT, 0, sending.charge());
  const results = await batch(db, [...parts, sending.lack()]);
  const owners = rowsOf<OwnerRow>(results.at(-2));
  const [lack = null] = rowsOf<{ needed: number; balance: number }>(results.at(-1));
  const charged = (results[CHARGE_AT]?.meta.changes ?? 0) > 0;
  if (charged || lack) counting.add(db);
  else if (owners.some(({ id }) => id === sending.id)) counting.delete(db);
  return { owners, beforeOwner: results.at(-3), lack };
}
