// Rows of an account as SQL: what `npm start` seeds and `npm run account` makes. Every statement may run
// twice; what is there already stays.
import { sha256Hex } from "../src/lib/digest.ts";
import { uuidv7 } from "../src/lib/id.ts";
import { hashPassword } from "../src/lib/password.ts";
import { hintOf, type KeyFamily, type Scope, SCOPES } from "../src/model/key.ts";
import { parseUsername } from "../src/model/smtp-credential.ts";

/** Domains that the local account may send from. */
const LOCAL_DOMAINS = ["edgepost.test", "yourdomain.com", "trans.kasplo.in", "kasapost.com"];

/** The domain of the local KasaPost key, and who its mail is from unless a request says otherwise. */
export const KASAPOST_DOMAIN = "kasapost.com";
const KASAPOST_SENDER = { sender: `hello@${KASAPOST_DOMAIN}`, name: "KasaPost" };

/** The one local domain whose AMP parts are approved, for any display name. */
const LOCAL_AMP_DOMAIN = "edgepost.test";

/** What the local account is entered with. */
export type Logins = {
  readonly api_key: string;
  readonly kasapost_key: string;
  readonly audience_key: string;
  readonly mailing_lists_key: string;
  readonly smtp: { readonly username: string; readonly password: string };
  /** The Super Admin of the portal, where anybody looks at it. */
  readonly portal: PortalLogin | null;
};

/** The rows of the local account. */
export async function seedSql(logins: Logins, now: number): Promise<string> {
  return [
    await keyRow(logins.api_key, "local", now),
    await keyRow(logins.kasapost_key, "local", now, KASAPOST),
    await keyRow(logins.audience_key, "local", now, AUDIENCE),
    await keyRow(logins.mailing_lists_key, "local", now, MAILING_LISTS),
    await smtpCredentialRow(logins.smtp, "local", now),
    logins.portal === null ? "" : superAdminRow(logins.portal, now),
    ...LOCAL_DOMAINS.map((domain) =>
      senderDomainRow({ domain, bounceDomain: `bounce.${domain}` }, now),
    ),
    senderDomainRow({ domain: KASAPOST_DOMAIN, ...KASAPOST_SENDER }, now),
    ampApprovalRow(LOCAL_AMP_DOMAIN, "*", now),
    "",
  ].join("\n");
}

/** What opens an API, and what it may do there. */
type Opens = {
  readonly family: KeyFamily;
  readonly scopes: readonly Scope[];
  /** The one domain of a kasapost key. */
  readonly domain?: string;
};

const NATIVE: Opens = { family: "kasplo", scopes: SCOPES };
const MAILING_LISTS: Opens = { family: "mailing_lists", scopes: ["read", "manage"] };
const KASAPOST: Opens = { family: "kasapost", scopes: ["send"], domain: KASAPOST_DOMAIN };
const AUDIENCE: Opens = { family: "audience", scopes: ["read", "manage"] };

/** An API key; of /v1 with every scope, unless told otherwise. */
export async function keyRow(
  apiKey: string,
  name: string,
  now: number,
  { family, scopes, domain }: Opens = NATIVE,
): Promise<string> {
  const hash = await sha256Hex(apiKey);
  const bound = [JSON.stringify(scopes), domain ?? null, hintOf(apiKey)];
  const values = [hash, uuidv7(now), name, family, ...bound];
  return `insert or ignore into keys (hash, id, name, family, scopes, domain, hint, created_at)
    values (${values.map(quote).join(", ")}, ${now});`;
}

/** What somebody signs in to the portal with. */
export type PortalLogin = { readonly email: string; readonly password: string };

/** A Super Admin; whoever has the address already stays who they are. The address is one of parseUserEmail. */
export function superAdminRow({ email, password }: PortalLogin, now: number): string {
  const values = [uuidv7(now), email, "Super Admin", "super_admin", hashPassword(password)];
  return `insert or ignore into users (id, email, name, role, password, created_at)
    values (${values.map(quote).join(", ")}, ${now});`;
}

/** An SMTP credential that may send from every verified domain. */
async function smtpCredentialRow(
  { username, password }: Logins["smtp"],
  name: string,
  now: number,
): Promise<string> {
  const { id, domain } = parseUsername(username);
  const values = [id, await sha256Hex(password), name, domain].map(quote);
  return `insert or ignore into smtp_credentials (id, hash, name, domain, require_tls, created_at)
    values (${values.join(", ")}, 0, ${now});`;
}

/** A verified sender domain, perhaps with the account's default sender. */
export function senderDomainRow(row: SenderDomainRow, now: number): string {
  const { sender, name, bounceDomain } = row;
  const domain = quote(row.domain);
  const [from, called, bounce] = [sender, name, bounceDomain].map((text) => quote(text ?? null));
  const [opens, clicks] = [row.trackOpens, row.trackClicks].map(flag);
  return `insert into sender_domains (domain, verified, default_sender, default_name, bounce_domain,
    track_opens, track_clicks, created_at)
    values (${domain}, 1, ${from}, ${called}, ${bounce}, coalesce(${opens}, 1), coalesce(${clicks}, 1), ${now})
    on conflict (domain) do update set verified = 1,
    default_sender = coalesce(${from}, default_sender), default_name = coalesce(${called}, default_name),
    bounce_domain = coalesce(${bounce}, bounce_domain),
    track_opens = coalesce(${opens}, track_opens), track_clicks = coalesce(${clicks}, track_clicks);`;
}

/** What is set of a sender domain; what is left out stays as it is, or has its default. */
export type SenderDomainRow = {
  readonly domain: string;
  readonly sender?: string | undefined;
  readonly name?: string | undefined;
  /** Where bounces of its mail come back to. */
  readonly bounceDomain?: string | undefined;
  readonly trackOpens?: boolean | undefined;
  readonly trackClicks?: boolean | undefined;
};

/** An AMP approval: the display name as it stands in From, or `*` for any. */
export function ampApprovalRow(domain: string, fromName: string, now: number): string {
  return `insert or ignore into amp_approvals (domain, from_name, provider, created_at)
    values (${quote(domain)}, ${quote(fromName)}, '*', ${now});`;
}

function flag(value: boolean | undefined): string {
  return value === undefined ? "null" : value ? "1" : "0";
}

function quote(text: string | null): string {
  return text === null ? "null" : `'${text.replaceAll("'", "''")}'`;
}
