// SQL of contact jobs: contacts that were accepted, and are written by whoever comes first, once.
import type { ContactJob } from "../model/contact.ts";
import { writeContacts } from "./contact-write.ts";
import { batch, rows, statement, stored } from "./db.ts";

/** Characters after which a job is full. With the contact that fills it, 500,000 of 3 bytes, it is within D1's 2 MB. */
const MAX_JOB_LENGTH = 150_000;

/** Keeps contacts for a list until they are written: in one job, or in several when there is much of them. */
export async function insertJob(
  db: D1Database,
  listId: number,
  job: ContactJob,
  now: number,
): Promise<void> {
  const sql = "insert into contact_jobs (list_id, job, created_at) values (?1, ?2, ?3)";
  await batch(
    db,
    piecesOf(job).map((piece) => statement(db, sql, listId, JSON.stringify(piece), now)),
  );
}

/** The same contacts in jobs that are not too long. */
function piecesOf(job: ContactJob): readonly ContactJob[] {
  let length = 0;
  const byPiece = Map.groupBy(job.contacts, (contact) => {
    const piece = Math.floor(length / MAX_JOB_LENGTH);
    length += JSON.stringify(contact).length;
    return piece;
  });
  return [...byPiece.values()].map((contacts) => ({ ...job, contacts }));
}

/** Whether a job waits. */
export async function jobWaits(db: D1Database): Promise<boolean> {
  return (
    (await rows<{ id: number }>(statement(db, "select id from contact_jobs limit 1"))).length > 0
  );
}

/** A job that waits. */
export type WaitingJob = { readonly id: number; readonly listId: number; readonly job: string };

/** The oldest job behind an id; null when there is none. */
export async function nextJob(db: D1Database, after: number): Promise<WaitingJob | null> {
  const found = await rows<{ id: number; list_id: number; job: string }>(
    statement(
      db,
      "select id, list_id, job from contact_jobs where id > ?1 order by id limit 1",
      after,
    ),
  );
  const row = found[0];
  return row ? { id: row.id, listId: row.list_id, job: row.job } : null;
}

/** Writes a job and drops it in the same transaction; one that is gone changes nothing. */
export async function writeJob(db: D1Database, waiting: WaitingJob, now: number): Promise<void> {
  const { id, listId } = waiting;
  const { contacts, ...job } = stored<ContactJob>(waiting.job);
  const guard = { sql: "exists (select 1 from contact_jobs where id = ?7)", parameters: [id] };
  // An address that was erased meanwhile is no address any more.
  const alive = contacts.filter(({ email }) => email.includes("@"));
  await batch(db, [
    ...writeContacts(db, { ...job, listId, contacts: alive, now, guard }),
    statement(db, "delete from contact_jobs where id = ?1", id),
  ]);
}

/** Writes contacts at once, without a job. */
export async function writeNow(
  db: D1Database,
  listId: number,
  job: ContactJob,
  now: number,
): Promise<void> {
  const guard = { sql: "1 = 1", parameters: [] };
  await batch(db, writeContacts(db, { listId, ...job, now, guard }));
}
