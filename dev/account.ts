// The local account: what was made once, on the first start, and is kept. The file is the only place
// where the API key, the webhook secret and the encryption key of a local deployment are stored.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { makeKey } from "../src/model/key.ts";
import { makeCredentialId, makePassword, usernameOf } from "../src/model/smtp-credential.ts";
import { readIfPresent, writeWhole } from "./files.ts";

/** The user name's domain of the local SMTP credential. */
const SMTP_DOMAIN = "edgepost.test";

const schema = z.object({
  /** 32 random bytes, base64: encrypts secrets at rest in the local database. */
  encryption_key: z.string().min(1),
  api_key: z.string().min(1),
  /** 32 random bytes, base64: what the SMTP gateway says who it is with. */
  gateway_secret: z.string().min(1).default(newSecret),
  /** The key of the KasaPost API. */
  kasapost_key: z
    .string()
    .min(1)
    .default(() => makeKey("kasapost")),
  /** The key of the Audience API. */
  audience_key: z
    .string()
    .min(1)
    .default(() => makeKey("audience")),
  /** The key of the Mailing Lists API. */
  mailing_lists_key: z
    .string()
    .min(1)
    .default(() => makeKey("mailing_lists")),
  /** What mail programs log in with at the SMTP gateway. */
  smtp: z.object({ username: z.string(), password: z.string() }).default(newSmtpLogin),
  /** What its Super Admin signs in to the portal with, until the password is changed there. */
  portal: z.object({ email: z.string(), password: z.string() }).default(newPortalLogin),
  /** The endpoint that posts to the mailbox; null until the Worker has made it. */
  webhook: z.object({ id: z.string(), secret: z.string(), url: z.string() }).nullable(),
});

/** The secrets of the local account. */
export type Account = z.infer<typeof schema>;

/** Reads the account, or makes a new one; keeps what was made. */
export async function loadAccount(stateDir: string): Promise<Account> {
  const text = await readIfPresent(pathIn(stateDir));
  // An account of before there was SMTP gets what it lacks.
  const account = schema.parse(text === null ? newAccount() : JSON.parse(text));
  await saveAccount(stateDir, account);
  return account;
}

function newAccount(): Pick<Account, "encryption_key" | "api_key" | "webhook"> {
  return { encryption_key: newSecret(), api_key: makeKey("kasplo"), webhook: null };
}

function newSecret(): string {
  return randomBytes(32).toString("base64");
}

/** A user name and a password that no database knows yet. */
export function newSmtpLogin(): Account["smtp"] {
  const id = makeCredentialId();
  return { username: usernameOf({ id, domain: SMTP_DOMAIN }), password: makePassword() };
}

/** A Super Admin that no database knows yet. */
function newPortalLogin(): Account["portal"] {
  return { email: `admin@${SMTP_DOMAIN}`, password: makePassword() };
}

/** Keeps the account for the next start. */
export async function saveAccount(stateDir: string, account: Account): Promise<void> {
  await writeWhole(pathIn(stateDir), `${JSON.stringify(account, null, 2)}\n`);
}

function pathIn(stateDir: string): string {
  return join(stateDir, "secrets.json");
}
