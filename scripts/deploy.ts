// Applies the migrations to the deployed database, then deploys the Worker. Refuses LOCAL_DEV, which
// opens loopback targets and is for `npm start` alone.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../dev/bootstrap.js";
import { buildPortal } from "../dev/portal.ts";
import { runWrangler } from "../dev/wrangler.ts";

/** The id that wrangler.toml holds until a database was made. */
const NO_DATABASE = "00000000-0000-0000-0000-000000000000";

const config = await readFile(join(ROOT, "wrangler.toml"), "utf8");
const problem = problemOf(config, process.argv.slice(2), process.env);
if (problem === null) {
  const folder = await mkdtemp(join(tmpdir(), "edgepost-"));
  console.log("Applying migrations …");
  await runWrangler(["d1", "migrations", "apply", "DB", "--remote"], folder);
  await buildPortal();
  console.log("Deploying the Worker …");
  await runWrangler(["deploy", ...process.argv.slice(2)], folder);
  await rm(folder, { recursive: true });
  console.log("Deployed.");
} else {
  console.error(problem);
  process.exitCode = 1;
}

/** Why this must not be deployed, or null. */
function problemOf(
  toml: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const settings = toml.replace(/#.*$/gm, "");
  if (settings.includes("LOCAL_DEV") || args.some((arg) => arg.includes("LOCAL_DEV"))) {
    return "LOCAL_DEV is for npm start alone; remove it and deploy again.";
  }
  if (env["LOCAL_DEV"] !== undefined) return "Unset LOCAL_DEV and deploy again.";
  if (settings.includes(NO_DATABASE)) {
    return "Put your database_id into wrangler.toml first: npx wrangler d1 create edgepost";
  }
  return null;
}
