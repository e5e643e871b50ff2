// Rows of an account as SQL: what `npm start` seeds and `npm run account` makes. Every statement may run
// twice; what is there already stays.
import { sha256Hex } from "../src/lib/digest.ts";
import { uuidv7 } from "../src/lib/id.ts";
import { hintOf, SCOPES } from "../src/model/key.ts";

/** Domains that the local account may send from. */
const LOCAL_DOMAINS = ["edgepost.test", "yourdomain.com", "trans.kasplo.in", "kasapost.com"];

/** The one local domain whose AMP parts are approved, for any display name. */
const LOCAL_AMP_DOMAIN = "edgepost.test";

/** The rows of the local account. */
export async function seedSql(apiKey: string, now: number): Promise<string> {
  return [
    await keyRow(apiKey, "local", now),
    ...LOCAL_DOMAINS.map((domain) => senderDomainRow({ domain, sender: null, name: null }, now)),
    ampApprovalRow(LOCAL_AMP_DOMAIN, "*", now),
    "",
  ].join("\n");
}

/** What of an API key is stored. */
export function hashOf(apiKey: string): Promise<string> {
  return sha256Hex(apiKey);
}

/** An API key with every scope. */
export async function keyRow(apiKey: string, name: string, now: number): Promise<string> {
  const hash = await hashOf(apiKey);
  const values = [hash, uuidv7(now), name, "kasplo", JSON.stringify(SCOPES), hintOf(apiKey)];
  return `insert or ignore into keys (hash, id, name, family, scopes, hint, created_at)
    values (${values.map(quote).join(", ")}, ${now});`;
}

/** A verified sender domain, perhaps with the account's default sender. */
export function senderDomainRow(
  row: { readonly domain: string; readonly sender: string | null; readonly name: string | null },
  now: number,
): string {
  const [domain, sender, name] = [row.domain, row.sender, row.name].map(quote);
  return `insert into sender_domains (domain, verified, default_sender, default_name, created_at)
    values (${domain}, 1, ${sender}, ${name}, ${now}) on conflict (domain) do update set verified = 1,
    default_sender = coalesce(${sender}, default_sender), default_name = coalesce(${name}, default_name);`;
}

/** An AMP approval: the display name as it stands in From, or `*` for any. */
export function ampApprovalRow(domain: string, fromName: string, now: number): string {
  return `insert or ignore into amp_approvals (domain, from_name, provider, created_at)
    values (${quote(domain)}, ${quote(fromName)}, '*', ${now});`;
}

function quote(text: string | null): string {
  return text === null ? "null" : `'${text.replaceAll("'", "''")}'`;
}
