// What `npm start` and `npm test` have in common: install the dependencies when they are missing or
// outdated, then hand over to Node 22 from node_modules. Plain JavaScript for any Node from 20 on;
// must import nothing but Node itself.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of package.json. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Node 22, from the package `node`: strips types by itself and is what the Worker tools need. */
const NODE_IN_ROOT = join("node_modules", "node", "bin", "node");

/** How often we look whether whoever started us is still there. */
const PARENT_CHECK_MS = 1_000;

/**
 * Runs a TypeScript file of this project in Node 22 and ends with its exit code.
 * @param {string} file path from the project's root
 */
export async function handOver(file) {
  if (!isInstalled(ROOT)) {
    console.log("Installing dependencies, this happens once …");
    const failure = await install();
    if (failure === null && !isInstalled(ROOT)) {
      return fail("npm left node_modules incomplete: are install scripts switched off?", "");
    }
    if (failure !== null) return fail("npm install failed:", failure);
  }
  run(file);
}

/**
 * Whether node_modules holds what package-lock.json asks for. Compares contents, not times: a fresh
 * checkout makes the lock file look new.
 * @param {string} root
 */
export function isInstalled(root) {
  const wanted = packagesOf(join(root, "package-lock.json"));
  const present = packagesOf(join(root, "node_modules", ".package-lock.json"));
  if (!wanted || !present || !existsSync(join(root, NODE_IN_ROOT))) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    const found = present[path];
    // What is optional may be left out: it is for other platforms.
    if (found === undefined) return path === "" || entry.optional === true;
    return path === "" || found.version === entry.version;
  });
}

/**
 * @param {string} path of a lock file
 * @returns {Record<string, { version?: string, optional?: boolean }> | null} null when there is none
 */
function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? null;
  } catch {
    return null;
  }
}

/** @returns {Promise<string | null>} what npm said when it failed, else null */
function install() {
  const npm = process.env["npm_execpath"];
  const [command, first] = npm ? [process.execPath, [npm]] : ["npm", []];
  // Not `npm ci`: it refuses a lock file that lacks the optional packages of other platforms, which a
  // registry need not have. This installs what the lock file says and changes no file of ours.
  const options = [
    "install",
    "--no-save",
    "--include=dev",
    "--include=optional",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...options], { cwd: ROOT });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => (output += text));
    }
    const stop = forwardSignals(child);
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code) => {
      stop();
      resolve(code === 0 ? null : output);
    });
  });
}

/** @param {string} file */
function run(file) {
  const node = join(ROOT, NODE_IN_ROOT);
  const options = ["--disable-warning=ExperimentalWarning", join(ROOT, file)];
  const child = spawn(node, [...options, ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: "inherit",
  });
  forwardSignals(child);
  watchParent(child);
  child.on("error", (error) => fail(`cannot run ${node}:`, error.message));
  child.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}

/**
 * Passes signals on, so that a signal to npm alone reaches everything.
 * @param {import("node:child_process").ChildProcess} child
 * @returns {() => void} stops it
 */
function forwardSignals(child) {
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => void child.kill(signal);
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const signal of signals) process.on(signal, forward);
  return () => signals.forEach((signal) => process.off(signal, forward));
}

/**
 * Ends the child when npm (or the shell) was killed and could not tell us.
 * @param {import("node:child_process").ChildProcess} child
 */
function watchParent(child) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) child.kill("SIGTERM");
  }, PARENT_CHECK_MS);
  timer.unref();
}

/**
 * @param {string} line
 * @param {string} details
 */
function fail(line, details) {
  console.error(line);
  if (details) console.error(details.trimEnd());
  process.exitCode = 1;
}
