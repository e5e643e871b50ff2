// How wrangler is called: by Node 22, quietly, without touching anything outside our own folders.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./bootstrap.js";
import { signal } from "./processes.ts";

const WRANGLER = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

/** A migration or a seed takes seconds; after this long something hangs. */
const RUN_DEADLINE_MS = 120_000;

/**
 * Starts wrangler in a process group of its own, so that everything it starts can be ended with it.
 * What it keeps for itself goes into `folder`. It prints errors only, unless it is asked for more.
 */
export function spawnWrangler(
  args: readonly string[],
  folder: string,
  level: "error" | "log" = "error",
): ChildProcess {
  return spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    detached: true,
    env: { ...wranglerEnv(folder), WRANGLER_LOG: level },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs one wrangler command to its end; throws with everything it printed when it fails. */
export async function runWrangler(args: readonly string[], folder: string): Promise<void> {
  await outputOf(spawnWrangler(args, folder), args);
}

/** Runs one wrangler command to its end and gives what it printed; throws with it when it fails. */
export async function askWrangler(args: readonly string[], folder: string): Promise<string> {
  return outputOf(spawnWrangler(args, folder, "log"), args);
}

async function outputOf(child: ChildProcess, args: readonly string[]): Promise<string> {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const stop = () => {
    if (child.pid !== undefined) signal(-child.pid, "SIGKILL");
  };
  const timer = setTimeout(stop, RUN_DEADLINE_MS);
  process.once("exit", stop);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  clearTimeout(timer);
  process.off("exit", stop);
  if (code !== 0) throw new Error(`wrangler ${args.slice(0, 3).join(" ")} failed:\n${output}`);
  return output;
}

function wranglerEnv(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    // No question to the outside for request.cf, no banner with news of versions, no statistics.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    // No copy of every request and log line beside the state, addresses in it: erasure could not reach it.
    X_LOCAL_OBSERVABILITY: "false",
    X_LOCAL_EXPLORER: "false",
    // No file of its own: what it prints goes to our log.
    WRANGLER_WRITE_LOGS: "false",
    // A LOCAL_DEV or a key of the developer's shell must not get into the Worker.
    CLOUDFLARE_INCLUDE_PROCESS_ENV: "false",
    WRANGLER_REGISTRY_PATH: join(folder, "registry"),
    // wrangler is 15 MB of JavaScript: keeping it compiled saves a quarter of each start.
    NODE_COMPILE_CACHE: join(folder, "compiled"),
  };
}
