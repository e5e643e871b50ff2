// SQL of SMTP credentials.
import type { SmtpCredential } from "../model/smtp-credential.ts";
import { rows, statement } from "./db.ts";

type CredentialRow = {
  id: string;
  name: string;
  domain: string;
  sender_domain: string | null;
  mail_class: SmtpCredential["mailClass"];
  require_tls: number;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
};

const COLUMNS = `id, name, domain, sender_domain, mail_class, require_tls, created_at, expires_at,
  revoked_at, last_used_at`;

/** A credential and the SHA-256 of its password, revoked and expired ones included; or null. */
export async function findCredential(
  db: D1Database,
  id: string,
): Promise<{ readonly credential: SmtpCredential; readonly hash: string } | null> {
  const found = await rows<CredentialRow & { hash: string }>(
    statement(db, `select hash, ${COLUMNS} from smtp_credentials where id = ?1`, id),
  );
  const row = found[0];
  return row ? { credential: decode(row), hash: row.hash } : null;
}

/** Every credential, newest first. */
export async function listCredentials(db: D1Database): Promise<readonly SmtpCredential[]> {
  const sql = `select ${COLUMNS} from smtp_credentials order by created_at desc, id`;
  return (await rows<CredentialRow>(statement(db, sql))).map(decode);
}

/** Stores a new credential with the hash of its password. */
export async function insertCredential(
  db: D1Database,
  hash: string,
  credential: SmtpCredential,
): Promise<void> {
  await statement(
    db,
    `insert into smtp_credentials (id, hash, name, domain, sender_domain, mail_class, require_tls,
       created_at, expires_at, revoked_at, last_used_at)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, null, null)`,
    credential.id,
    hash,
    credential.name,
    credential.domain,
    credential.senderDomain,
    credential.mailClass,
    credential.requireTls ? 1 : 0,
    credential.createdAt,
    credential.expiresAt,
  ).run();
}

/** Revokes a credential and says since when it is; null when there is none. */
export async function revokeCredential(
  db: D1Database,
  id: string,
  now: number,
): Promise<number | null> {
  const found = await rows<{ revoked_at: number }>(
    statement(
      db,
      `update smtp_credentials set revoked_at = coalesce(revoked_at, ?2) where id = ?1
       returning revoked_at`,
      id,
      now,
    ),
  );
  return found[0]?.revoked_at ?? null;
}

function decode(row: CredentialRow): SmtpCredential {
  return {
    id: row.id,
    name: row.name,
    domain: row.domain,
    senderDomain: row.sender_domain,
    mailClass: row.mail_class,
    requireTls: row.require_tls === 1,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}
