// Keeps the Worker running: starts `wrangler dev`, notices when it or one of its workerds dies or no
// longer answers, and starts it again. wrangler itself does not: it leaves a killed proxy dead.
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type LogFile, openLogFile } from "./log-file.ts";
import { LOOPBACK } from "./ports.ts";
import { endGroup, isAlive, type Process, processesOf, signal } from "./processes.ts";
import { spawnWrangler } from "./wrangler.ts";

/** How the Worker is to be run. */
export type WorkerOptions = {
  readonly port: number;
  /** Local D1, R2, queues and objects are kept here. */
  readonly workerDir: string;
  /** Secrets as KEY=value lines, so that they are in no command line. */
  readonly envFile: string;
  /** Everything that wrangler and the Worker print. */
  readonly logFile: string;
  /** Says one line to the user. */
  readonly say: (line: string) => void;
};

/** A Worker that is kept running. */
export type RunningWorker = {
  /** Settles once: when the Worker answers, or fails with its log when it does not start. */
  readonly ready: Promise<void>;
  /** Ends the Worker and everything it started, within 5 s. */
  readonly stop: () => Promise<void>;
};

/** The first start bundles the Worker on a machine that may be slow. */
const START_DEADLINE_MS = 90_000;
const PROBE_EVERY_MS = 50;
const PROBE_DEADLINE_MS = 2_000;

/** A dead workerd is noticed after this long at most. */
const LOOK_EVERY_MS = 200;

/** wrangler replaces a workerd by itself when the sources change; then requests wait this long at most. */
const REPLACE_DEADLINE_MS = 1_500;

/** A Worker that is busy may be slow to answer; one that does not answer twice is dead. */
const HEALTH_EVERY_MS = 2_000;
const HEALTH_DEADLINE_MS = 3_000;

/** wrangler runs two: one takes the requests, the other runs the Worker. */
const WORKERDS = 2;

/** Waits between restarts that do not help. */
const RESTART_DELAYS_MS = [0, 1_000, 5_000, 15_000, 30_000] as const;

/** SIGTERM is given this long before SIGKILL; all of a stop must fit into 5 s. */
const STOP_PATIENCE_MS = 2_500;

/** Starts the Worker and keeps it running until it is stopped. */
export function runWorker(options: WorkerOptions): RunningWorker {
  const log = openLogFile(options.logFile);
  const stopping = new AbortController();
  let child = launch(options, log);
  // When this process ends in a way that nobody planned, nothing may stay behind.
  const endAtExit = (): void => {
    if (child.pid !== undefined) signal(-child.pid, "SIGKILL");
  };
  process.once("exit", endAtExit);
  const ready = isReady(child, options.port).then((isUp) => {
    if (!isUp) throw new Error(`The Worker does not start:\n${log.tail()}`);
  });
  const supervise = async (): Promise<void> => {
    for (let failures = 0; ;) {
      const death = await watch(child, options);
      if (stopping.signal.aborted) return;
      const since = Date.now();
      await endGroup(child, 0);
      await pause(RESTART_DELAYS_MS[failures] ?? 0, stopping.signal);
      if (stopping.signal.aborted) return;
      child = launch(options, log);
      const isUp = await isReady(child, options.port);
      if (stopping.signal.aborted) return;
      failures = isUp ? 0 : Math.min(failures + 1, RESTART_DELAYS_MS.length - 1);
      const seconds = ((Date.now() - since) / 1000).toFixed(1);
      if (isUp) options.say(`The Worker died (${death}) and was started again in ${seconds} s.`);
      else options.say(`The Worker does not start again; see ${options.logFile}`);
    }
  };
  const supervision = ready.then(supervise, () => undefined);
  return {
    ready,
    stop: async () => {
      stopping.abort();
      await endGroup(child, STOP_PATIENCE_MS);
      // A restart may have been under way when the stop was asked for.
      await supervision;
      await endGroup(child, 0);
      process.off("exit", endAtExit);
      log.close();
    },
  };
}

/** Sleeps, or less when a stop is asked for. */
async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
}

function launch(options: WorkerOptions, log: LogFile): ChildProcess {
  const port = String(options.port);
  const args = ["dev", "--local", "--ip", LOOPBACK, "--port", port, "--inspector-port", "0"];
  args.push("--persist-to", options.workerDir, "--env-file", options.envFile);
  args.push("--var", "LOCAL_DEV:true", "--log-level", "error");
  args.push("--show-interactive-dev-session=false");
  const child = spawnWrangler(args, options.workerDir);
  child.stdout?.on("data", (chunk: Buffer) => log.write(chunk));
  child.stderr?.on("data", (chunk: Buffer) => log.write(chunk));
  return child;
}

/** Waits until the Worker answers; false when it ended or took too long. */
async function isReady(child: ChildProcess, port: number): Promise<boolean> {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline && !hasEnded(child)) {
    if (await answers(port, PROBE_DEADLINE_MS)) return true;
    await sleep(PROBE_EVERY_MS);
  }
  return false;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Whether the Worker itself answers: 401 without a key, no database needed. */
async function answers(port: number, deadlineMs: number): Promise<boolean> {
  try {
    const response = await fetch(`http://${LOOPBACK}:${port}/v1/messages`, {
      signal: AbortSignal.timeout(deadlineMs),
    });
    await response.body?.cancel();
    return response.status === 401;
  } catch {
    // Refused, reset or too late: all mean the same here.
    return false;
  }
}

/** Resolves when the Worker is dead, with how it was noticed. */
async function watch(child: ChildProcess, options: WorkerOptions): Promise<string> {
  let workerds: readonly Process[] = [];
  let nextHealth = 0;
  for (;;) {
    await sleep(LOOK_EVERY_MS);
    if (hasEnded(child)) return "wrangler ended";
    if (workerds.length < WORKERDS) workerds = await workerdsOf(child);
    const gone = workerds.find((workerd) => !isAlive(workerd.pid));
    if (gone) {
      const since = Date.now();
      const proxy = gone.command.includes(`=${LOOPBACK}:${options.port} `);
      if (proxy || !(await answers(options.port, REPLACE_DEADLINE_MS))) return "workerd ended";
      const seconds = ((Date.now() - since) / 1000).toFixed(1);
      options.say(`The Worker's process ended and a new one answers after ${seconds} s.`);
      workerds = [];
    }
    if (Date.now() < nextHealth) continue;
    const healthy =
      (await answers(options.port, HEALTH_DEADLINE_MS)) ||
      (await answers(options.port, HEALTH_DEADLINE_MS));
    if (!healthy) return "no answer";
    nextHealth = Date.now() + HEALTH_EVERY_MS;
  }
}

async function workerdsOf(child: ChildProcess): Promise<readonly Process[]> {
  if (child.pid === undefined) return [];
  const all = await processesOf(child.pid);
  return all.filter((entry) => /workerd\b.* serve /.test(entry.command));
}
