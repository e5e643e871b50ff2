// Postfix's two measuring programs: smtp-sink, which takes everything and counts it, and smtp-source, which sends
// as fast as its dialogue allows.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../test/peers/free-port.ts";
import { within } from "./wait.ts";

const SOURCE = "/usr/sbin/smtp-source";
const SINK = "/usr/sbin/smtp-sink";
const START_DEADLINE_MS = 5_000;
const RUN_DEADLINE_MS = 120_000;
const BACKLOG = "256";
/** Bytes at the end of what smtp-sink tells that hold its last count. */
const TOLD_LAST = 200;

/** A running smtp-sink. */
export type CountingSink = {
  readonly port: number;
  /** Messages taken since it started. */
  readonly messages: () => number;
  readonly stop: () => void;
};

/**
 * Starts smtp-sink, without AUTH; it writes its counts into a file in `folder`, so that nobody has to listen.
 */
export async function startCountingSink(folder: string): Promise<CountingSink> {
  const port = await freePort();
  const file = join(folder, `sink-${port}`);
  const output = openSync(file, "w");
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  const child: ChildProcess = spawn(SINK, [...user, "-a", "-c", `127.0.0.1:${port}`, BACKLOG], {
    stdio: ["ignore", output, "ignore"],
  });
  closeSync(output);
  const stop = (): void => void child.kill("SIGKILL");
  process.once("exit", stop);
  if (!(await within(START_DEADLINE_MS, () => listens(port)))) {
    stop();
    throw new Error("smtp-sink does not start");
  }
  return {
    port,
    messages() {
      const told = readFileSync(file, "latin1")
        .slice(-TOLD_LAST)
        .matchAll(/mesg=(\d+)/g);
      return Number([...told].at(-1)?.[1] ?? 0);
    },
    stop() {
      process.off("exit", stop);
      stop();
    },
  };
}

/** Sends so many messages of so many bytes over one connection, or over several. */
export async function smtpSource(
  port: number,
  messages: number,
  bytes: number,
  sessions = 1,
): Promise<void> {
  const envelope = ["-f", "sender@example.com", "-t", "reader@example.com"];
  const load = ["-d", "-s", String(sessions), "-m", String(messages), "-l", String(bytes)];
  await promisify(execFile)(SOURCE, [...load, ...envelope, `127.0.0.1:${port}`], {
    timeout: RUN_DEADLINE_MS,
  });
}

/** Whether somebody takes connections at a port. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
