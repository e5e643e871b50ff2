// The programs of others that ours is measured against, installed into a folder that is removed at the end. What
// cannot be had is told, and its leg is skipped by name.
import { execFile } from "node:child_process";
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const INSTALL_DEADLINE_MS = 120_000;

/** A package of the npm registry, unpacked; or why it is missing. */
export type Installed =
  | { readonly folder: string; readonly missing: null }
  | { readonly missing: string };

/** Installs `name@version` below a folder; the package's own folder, or why not. */
export async function npmPackage(
  scratch: string,
  name: string,
  version: string,
): Promise<Installed> {
  const at = join(scratch, name);
  const folder = join(at, "node_modules", name);
  await mkdir(at, { recursive: true });
  await writeFile(join(at, "package.json"), '{"private":true}');
  const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev"];
  try {
    await promisify(execFile)("npm", ["install", ...options, `${name}@${version}`], {
      cwd: at,
      timeout: INSTALL_DEADLINE_MS,
    });
    await access(folder);
    return { folder, missing: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 300) : String(error);
    return { missing: `${name}@${version} cannot be installed: ${reason}` };
  }
}
