// The gateway as an operator runs it: a process of its own, told where it listens by its log. Ends by
// whatever signal the test gives it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { ROOT } from "../../../dev/bootstrap.js";

/** A running gateway process. */
export type GatewayProcess = {
  readonly pid: number;
  readonly smtpPort: number;
  readonly smtpsPort: number;
  readonly statusPort: number;
  readonly output: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
};

const START_DEADLINE_MS = 30_000;

const listeningSchema = z.object({
  event: z.literal("listening"),
  smtpPort: z.number(),
  smtpsPort: z.number().nullable(),
  statusPort: z.number().nullable(),
});

/** Starts `node gateway/main.ts` with these settings and waits until it listens. */
export async function startGatewayProcess(
  env: Readonly<Record<string, string>>,
): Promise<GatewayProcess> {
  const program = join(ROOT, "gateway", "main.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const ended = once(child, "close").then(([code, signal]: (number | string | null)[]) => {
    return code ?? signal ?? null;
  });
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const line = output.split("\n").find((one) => one.includes('"event":"listening"'));
    if (line !== undefined) {
      const ports = listeningSchema.parse(JSON.parse(line));
      return {
        pid: child.pid ?? 0,
        smtpPort: ports.smtpPort,
        smtpsPort: ports.smtpsPort ?? 0,
        statusPort: ports.statusPort ?? 0,
        output: () => output,
        signal: (name) => void child.kill(name),
        ended,
      };
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`the gateway does not start:\n${output}`);
    }
    await sleep(20);
  }
}
