// CPU time of running processes, from /proc; only Linux has it.
import { readFile } from "node:fs/promises";
import { allProcesses, processesOf } from "../dev/processes.ts";

/** Jiffies of user and system time are hundredths of a second for every Linux program (proc(5)). */
const MS_A_TICK = 10;

/** CPU milliseconds used so far by the workerd whose Miniflare keeps its state in this folder. */
export async function workerdCpuMs(stateDir: string): Promise<number | null> {
  if (process.platform !== "linux") return null;
  const owner = (await allProcesses()).find(({ command }) => command.includes(stateDir));
  if (!owner) return null;
  const group = await processesOf(owner.group);
  const workerd = group.filter(({ command }) => /\bworkerd\b.* serve\b/.test(command));
  const times = await Promise.all(workerd.map(({ pid }) => ticksOf(pid)));
  return times.length === 0 ? null : times.reduce((sum, ticks) => sum + ticks, 0) * MS_A_TICK;
}

/** CPU milliseconds used so far by one process. */
export async function processCpuMs(pid: number): Promise<number | null> {
  return process.platform === "linux" ? (await ticksOf(pid)) * MS_A_TICK : null;
}

async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // Fields are counted after the name, which may hold anything: utime is the 12th, stime the 13th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
