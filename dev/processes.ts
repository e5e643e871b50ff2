// The processes of a group: who is in it, and how all of it is ended.
import type { ChildProcess } from "node:child_process";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** One process of this machine. */
export type Process = { readonly pid: number; readonly group: number; readonly command: string };

/** Everything that runs in a process group. */
export async function processesOf(group: number): Promise<readonly Process[]> {
  return (await allProcesses()).filter((entry) => entry.group === group);
}

/** Everything that runs on this machine, as far as we may see it. */
export async function allProcesses(): Promise<readonly Process[]> {
  return process.platform === "linux" ? fromProc() : fromPs();
}

async function fromProc(): Promise<readonly Process[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(names.map((name) => readProcess(Number(name))));
  return all.filter((entry) => entry !== null);
}

async function readProcess(pid: number): Promise<Process | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // After the name, which may hold anything: state, parent, group (proc(5)).
    const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z") return null;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8");
    return { pid, group: Number(group), command: command.replaceAll("\0", " ") };
  } catch {
    // It ended between the listing and the reading.
    return null;
  }
}

async function fromPs(): Promise<readonly Process[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,pgid=,command="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, group, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined) return [];
    return [{ pid: Number(pid), group: Number(group), command: command ?? "" }];
  });
}

/** Whether a process is still there. */
export function isAlive(pid: number): boolean {
  return signal(pid, 0);
}

/** How often an ending group is looked at. */
const END_CHECK_MS = 50;

/** Ends everything in a child's group: asks, and after `patienceMs` insists. */
export async function endGroup(child: ChildProcess, patienceMs: number): Promise<void> {
  if (child.pid === undefined) return;
  const group = -child.pid;
  const deadline = Date.now() + patienceMs;
  signal(group, "SIGTERM");
  while (Date.now() < deadline && signal(group, 0)) await sleep(END_CHECK_MS);
  while (signal(group, "SIGKILL")) await sleep(END_CHECK_MS);
}

/** Sends a signal to a process or (negative) a group; false when there is none. */
export function signal(target: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, name);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}
