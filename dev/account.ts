// The local account: what was made once, on the first start, and is kept. The file is the only place
// where the API key, the webhook secret and the encryption key of a local deployment are stored.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { makeKey } from "../src/model/key.ts";
import { readIfPresent, writeWhole } from "./files.ts";

const schema = z.object({
  /** 32 random bytes, base64: encrypts secrets at rest in the local database. */
  encryption_key: z.string().min(1),
  api_key: z.string().min(1),
  /** The endpoint that posts to the mailbox; null until the Worker has made it. */
  webhook: z.object({ id: z.string(), secret: z.string(), url: z.string() }).nullable(),
});

/** The secrets of the local account. */
export type Account = z.infer<typeof schema>;

/** Reads the account, or makes a new one and keeps it. */
export async function loadAccount(stateDir: string): Promise<Account> {
  const text = await readIfPresent(pathIn(stateDir));
  if (text !== null) return schema.parse(JSON.parse(text));
  const account: Account = {
    encryption_key: randomBytes(32).toString("base64"),
    api_key: makeKey("kasplo"),
    webhook: null,
  };
  await saveAccount(stateDir, account);
  return account;
}

/** Keeps the account for the next start. */
export async function saveAccount(stateDir: string, account: Account): Promise<void> {
  await writeWhole(pathIn(stateDir), `${JSON.stringify(account, null, 2)}\n`);
}

function pathIn(stateDir: string): string {
  return join(stateDir, "secrets.json");
}
