// Builds the portal's static files into public/portal: before `npm start`, the tests and every deployment.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";
import { ROOT } from "./bootstrap.js";

const SOURCES = join(ROOT, "portal");
/** The portal shows them. */
const EXAMPLES = join(ROOT, "examples", "webhooks");
const LOCK_FILE = join(ROOT, "package-lock.json");
/** Written by each build. */
const BUILT = join(ROOT, "public", "portal", "index.html");

/**
 * Builds the portal when a source is newer than what was built: a Worker that runs from the same folder is not
 * disturbed for nothing. Takes less than a second. Throws with Vite's words when the sources do not build.
 */
export async function buildPortal(): Promise<void> {
  const sources = (await Promise.all([SOURCES, EXAMPLES].map(filesIn))).flat();
  const changes = await Promise.all([LOCK_FILE, ...sources].map(changedAt));
  if (Math.max(...changes) <= (await changedAt(BUILT))) return;
  await build({ configFile: join(SOURCES, "vite.config.ts") });
}

/** A folder and everything in it. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true });
  return [folder, ...files.map((file) => join(folder, file))];
}

/** When a file was changed, in ms; 0 when there is none. */
async function changedAt(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found?.mtimeMs ?? 0;
}
