// Builds the portal's static files into public/portal: before `npm start`, the tests and every deployment.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";
import { ROOT } from "./bootstrap.js";

const SOURCES = join(ROOT, "portal");
const LOCK_FILE = join(ROOT, "package-lock.json");
/** Written by each build. */
const BUILT = join(ROOT, "public", "portal", "index.html");

/**
 * Builds the portal when a source is newer than what was built: a Worker that runs from the same folder is not
 * disturbed for nothing. Takes less than a second. Throws with Vite's words when the sources do not build.
 */
export async function buildPortal(): Promise<void> {
  const files = await readdir(SOURCES, { recursive: true });
  const sources = files.map((file) => join(SOURCES, file));
  const changes = await Promise.all([SOURCES, LOCK_FILE, ...sources].map(changedAt));
  if (Math.max(...changes) <= (await changedAt(BUILT))) return;
  await build({ configFile: join(SOURCES, "vite.config.ts") });
}

/** When a file was changed, in ms; 0 when there is none. */
async function changedAt(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  return found?.mtimeMs ?? 0;
}
