// Haraka as a relay: two processes that take mail on loopback into their queue and pass it on to one port.
import { spawn } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { signal } from "../dev/processes.ts";
import { freePort } from "../test/peers/free-port.ts";
import { listens } from "./smtp-peers.ts";
import { within } from "./wait.ts";

export const HARAKA_VERSION = "3.3.4";

const START_DEADLINE_MS = 30_000;

/** Everybody may send, and everything goes to one relay. */
const PLUGIN = `
exports.hook_get_mx = (next) =>
  next(OK, { exchange: "127.0.0.1", port: Number(process.env.SINK_PORT), priority: 0 });
exports.hook_rcpt = function (next, connection) {
  connection.relaying = true;
  next(OK);
};
`;

/** A running one. */
export type Haraka = { readonly port: number; readonly stop: () => void };

/** Starts the Haraka of this package folder before a sink, with its settings and queue in `scratch`. */
export async function startHaraka(
  folder: string,
  scratch: string,
  sinkPort: number,
): Promise<Haraka> {
  const home = join(scratch, "haraka-home");
  const port = await freePort();
  for (const name of ["config", "plugins", "queue"]) {
    await mkdir(join(home, name), { recursive: true });
  }
  const files = {
    "plugins/to_sink.js": PLUGIN,
    "config/plugins": "to_sink\n",
    "config/me": "haraka.test\n",
    "config/smtp.ini": `listen=127.0.0.1:${port}\nnodes=2\n`,
    "config/log.ini": "[main]\nlevel=CRIT\n",
    "config/outbound.ini": "concurrency_max=100\nenable_tls=false\nlocal_mx_ok=true\n",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
  await copyFile(join(folder, "config", "connection.ini"), join(home, "config", "connection.ini"));
  const child = spawn(process.execPath, [join(folder, "bin", "haraka"), "-c", home], {
    detached: true,
    env: { ...process.env, SINK_PORT: String(sinkPort) },
    stdio: "ignore",
  });
  const stop = (): void => {
    process.off("exit", stop);
    if (child.pid !== undefined) signal(-child.pid, "SIGKILL");
  };
  process.once("exit", stop);
  if (!(await within(START_DEADLINE_MS, () => listens(port)))) {
    stop();
    throw new Error("Haraka does not start");
  }
  return { port, stop };
}
