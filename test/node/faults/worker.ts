// A run of the Worker in a process group of its own, over a folder that outlives it. Ends by SIGKILL
// only: what the folder holds afterwards is what a crash leaves.
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { processesOf, signal } from "../../../dev/processes.ts";
import type { Question } from "./worker-process.ts";

const PROGRAM = fileURLToPath(new URL("worker-process.ts", import.meta.url));

/** A start takes about 2 s alone; many may start on a machine of two cores. */
const START_DEADLINE_MS = 60_000;

/** Characters of output that an error message repeats. */
const TAIL_LENGTH = 4_000;

/** How often a killed group is looked at until it is gone; zombies, which nobody may reap, are not seen. */
const GONE_CHECK_MS = 20;

const saidSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), url: z.string() }),
  z.object({ kind: z.literal("rows"), id: z.number(), rows: z.array(z.unknown()) }),
  z.object({ kind: z.literal("error"), id: z.number(), reason: z.string() }),
]);

export type SqlValue = Question["parameters"][number];

/** A running Worker. */
export type RunningWorker = {
  readonly url: string;
  /** Asks its database, past the Worker's code. */
  readonly sql: (sql: string, parameters: readonly SqlValue[]) => Promise<readonly unknown[]>;
  /** Kills every process of the group and waits until all are gone. */
  readonly kill: () => Promise<void>;
  /** Stops every process of the group, and lets them go on after so many milliseconds. */
  readonly freeze: (ms: number) => Promise<void>;
  /** What it printed last. */
  readonly output: () => string;
};

/** Starts Miniflare with these options (plain JSON); they are kept beside the state. */
export async function startWorker(stateDir: string, options: object): Promise<RunningWorker> {
  const file = join(stateDir, "options.json");
  writeFileSync(file, JSON.stringify(options));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, file], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const output = collect(child);
  const asked = new Map<number, PromiseWithResolvers<readonly unknown[]>>();
  const ready = Promise.withResolvers<string>();
  child.on("message", (message) => {
    const said = saidSchema.parse(message);
    if (said.kind === "ready") ready.resolve(said.url);
    else if (said.kind === "rows") asked.get(said.id)?.resolve(said.rows);
    else asked.get(said.id)?.reject(new Error(said.reason));
  });
  child.once("close", () => {
    ready.reject(new Error(`the Worker ended:\n${output()}`));
    for (const question of asked.values()) question.reject(new Error("the Worker ended"));
  });
  const timer = setTimeout(
    () => ready.reject(new Error(`the Worker does not start:\n${output()}`)),
    START_DEADLINE_MS,
  );
  const url = await ready.promise.finally(() => clearTimeout(timer));
  return {
    url,
    output,
    sql(sql, parameters) {
      const id = asked.size;
      const answer = Promise.withResolvers<readonly unknown[]>();
      asked.set(id, answer);
      const question: Question = { id, sql, parameters: [...parameters] };
      child.send(question, (error) => error && answer.reject(error));
      return answer.promise;
    },
    async freeze(ms) {
      if (child.pid === undefined) return;
      signal(-child.pid, "SIGSTOP");
      await sleep(ms);
      signal(-child.pid, "SIGCONT");
    },
    async kill() {
      if (child.pid !== undefined) signal(-child.pid, "SIGKILL");
      while ((await processesOf(child.pid ?? 0)).length > 0) await sleep(GONE_CHECK_MS);
    },
  };
}

function collect(child: ChildProcess): () => string {
  let tail = "";
  const add = (chunk: Buffer): void => {
    tail = (tail + chunk.toString()).slice(-TAIL_LENGTH);
  };
  child.stdout?.on("data", add);
  child.stderr?.on("data", add);
  return () => tail;
}
