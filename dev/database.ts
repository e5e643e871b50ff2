// The local database before the Worker runs: migrations, and the rows that a new account starts with.
// Both are skipped when there is nothing to do, because starting wrangler takes seconds.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "../src/lib/digest.ts";
import { readIfPresent, writeWhole } from "./files.ts";
import { type Logins, seedSql } from "./seed.ts";
import { ROOT } from "./bootstrap.js";
import { runWrangler } from "./wrangler.ts";

/** Brings the database to the newest migration and makes sure that the account's rows are there. */
export async function prepareDatabase(
  workerDir: string,
  logins: Logins,
  say: (line: string) => void,
): Promise<void> {
  const migrations = await migrationNames();
  await once(workerDir, "migrations", migrations, () => {
    say("Preparing the database …");
    return runWrangler(
      ["d1", "migrations", "apply", "DB", "--local", "--persist-to", workerDir],
      workerDir,
    );
  });
  const keys = [logins.api_key, logins.kasapost_key, logins.audience_key, logins.mailing_lists_key];
  const hash = await sha256Hex(JSON.stringify([...keys, logins.smtp, logins.portal]));
  // What a migration adds may want to be seeded too.
  await once(workerDir, "seed", `${hash}\n${migrations}`, async () => {
    const file = join(workerDir, "seed.sql");
    await writeWhole(file, await seedSql(logins, Date.now()));
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
