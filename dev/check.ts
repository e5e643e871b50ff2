// `npm test`, in Node 22: format, typed lint, types, then all tests; stops at the first that fails.
// Ends with one plain line, `N passed, N failed`.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import * as z from "zod";
import { ROOT } from "./bootstrap.js";
import { readIfPresent } from "./files.ts";
import { signal } from "./processes.ts";

const BIN = join(ROOT, "node_modules", ".bin");

/** The whole of it is to stay under ten minutes; a step that takes twice as long hangs and is ended. */
const STEP_DEADLINE_MS = 20 * 60_000;

const CHECKS = [
  ["format", ["oxfmt", "--check"]],
  ["lint", ["oxlint"]],
  ["types of the Worker", ["tsc", "--noEmit", "-p", "tsconfig.json"]],
  ["types of the tools", ["tsc", "--noEmit", "-p", "tsconfig.node.json"]],
  ["types of the portal", ["tsc", "--noEmit", "-p", "portal/tsconfig.json"]],
  ["portal", ["vite", "build", "--config", "portal/vite.config.ts"]],
] as const;

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  success: z.boolean(),
});

process.exitCode = await check();

async function check(): Promise<number> {
  for (const [name, command] of CHECKS) {
    const result = await step(name, command);
    if (result.code === 0) continue;
    console.log(`${result.output.trimEnd()}\n\nThe tests were not run.\n0 passed, 1 failed`);
    return 1;
  }
  return test();
}

async function test(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "edgepost-test-"));
  const file = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile=${file}`];
  // What stands after `npm test --` chooses test files.
  const result = await step("tests", ["vitest", "run", ...reporters, ...process.argv.slice(2)]);
  const report = await readReport(file);
  await rm(folder, { recursive: true });
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  // A file that cannot be loaded fails without any test in it failing.
  const broken = result.code === 0 && report?.success ? 0 : 1;
  const failed = Math.max(report?.numFailedTests ?? 0, broken);
  if (failed > 0) console.log(result.output.trimEnd());
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed > 0 ? 1 : 0;
}

async function readReport(file: string): Promise<z.infer<typeof reportSchema> | null> {
  const text = await readIfPresent(file);
  // Without one vitest ended early; its output says why.
  return text === null ? null : reportSchema.parse(JSON.parse(text));
}

/** Runs one tool to its end, with one line about it. */
async function step(
  name: string,
  command: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const start = Date.now();
  const result = await run(command);
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(`${result.code === 0 ? "ok  " : "FAIL"}  ${name} (${seconds} s)`);
  return result;
}

function run(command: readonly string[]): Promise<{ code: number; output: string }> {
  const [tool = "", ...args] = command;
  const path = [dirname(process.execPath), BIN, process.env["PATH"]].join(delimiter);
  const child = spawn(join(BIN, tool), args, {
    cwd: ROOT,
    detached: true,
    env: { ...process.env, PATH: path, FORCE_COLOR: "0", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = (): void => {
    if (child.pid !== undefined) signal(-child.pid, "SIGKILL");
  };
  const stop = (): void => {
    end();
    process.exit(1);
  };
  const timer = setTimeout(end, STEP_DEADLINE_MS);
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve({ code: code ?? 1, output });
    });
  });
}
