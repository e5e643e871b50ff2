// The local database before the Worker runs: migrations, and the rows that a new account starts with.
// Both are skipped when there is nothing to do, because starting wrangler takes seconds.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "../src/lib/digest.ts";
import { uuidv7 } from "../src/lib/id.ts";
import { hintOf } from "../src/model/key.ts";
import { readIfPresent, writeWhole } from "./files.ts";
import { ROOT } from "./bootstrap.js";
import { runWrangler } from "./wrangler.ts";

/** Domains that a local account may send from. */
const SENDER_DOMAINS = ["edgepost.test", "yourdomain.com", "trans.kasplo.in", "kasapost.com"];

/** The one domain whose AMP parts are approved, for any display name. */
const AMP_DOMAIN = "edgepost.test";

/** Brings the database to the newest migration and makes sure that the account's rows are there. */
export async function prepareDatabase(
  workerDir: string,
  apiKey: string,
  say: (line: string) => void,
): Promise<void> {
  await once(workerDir, "migrations", await migrationNames(), () => {
    say("Preparing the database …");
    return runWrangler(
      ["d1", "migrations", "apply", "DB", "--local", "--persist-to", workerDir],
      workerDir,
    );
  });
  const hash = await sha256Hex(apiKey);
  await once(workerDir, "seed", hash, async () => {
    const file = join(workerDir, "seed.sql");
    await writeWhole(file, seedSql(apiKey, hash, Date.now()));
    await runWrangler(
      ["d1", "execute", "DB", "--local", "--persist-to", workerDir, "--file", file],
      workerDir,
    );
    await rm(file);
  });
}

/** Does a job unless the stamp beside the database says that it was done for the same input. */
async function once(
  folder: string,
  job: string,
  input: string,
  run: () => Promise<void>,
): Promise<void> {
  const stamp = join(folder, `${job}.done`);
  if ((await readIfPresent(stamp)) === input) return;
  await run();
  await writeWhole(stamp, input);
}

async function migrationNames(): Promise<string> {
  const names = await readdir(join(ROOT, "migrations"));
  return names
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .join("\n");
}

/** The rows of a new account. May run twice: what is there already stays. */
export function seedSql(apiKey: string, hash: string, now: number): string {
  const scopes = '["send","read","manage"]';
  const key = [hash, uuidv7(now), "local", "kasplo", scopes, hintOf(apiKey)].map(quote).join(", ");
  const domains = SENDER_DOMAINS.map((domain) => `(${quote(domain)}, 1, ${now})`);
  return [
    `insert or ignore into keys (hash, id, name, family, scopes, hint, created_at) values (${key}, ${now});`,
    `insert or ignore into sender_domains (domain, verified, created_at) values`,
    `${domains.join(",\n")};`,
    `insert or ignore into amp_approvals (domain, from_name, provider, created_at)`,
    `values (${quote(AMP_DOMAIN)}, '*', '*', ${now});`,
    "",
  ].join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
