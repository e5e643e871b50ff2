// `npm start` with a relay of the test's own, and a browser: what the tests of the portal stand on.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, chromium } from "playwright-core";
import { SMTPServer } from "smtp-server";
import * as z from "zod";
import { freePort } from "../../peers/free-port.ts";
import { ROOT } from "../../../dev/bootstrap.js";
import { CANARY, PAYLOADS } from "./payloads.ts";
import { type Resolver, startResolver } from "./resolver.ts";

const START_DEADLINE_MS = 90_000;

/** The relay refuses recipients of this domain, in the words of the payload that their local part numbers. */
export const REFUSED_DOMAIN = "refused.example.com";

const credentialsSchema = z.object({
  base_url: z.string(),
  api_key: z.string(),
  portal: z.object({ url: z.string(), email: z.string(), password: z.string() }),
});

export type World = {
  readonly url: string;
  readonly key: string;
  /** What the Super Admin signs in with. */
  readonly portal: { readonly url: string; readonly email: string; readonly password: string };
  readonly browser: Browser;
  /** What the Worker asks of DNS. */
  readonly resolver: Resolver;
  /** What the relay took, oldest first, as it came. */
  readonly mails: () => readonly string[];
  /** How often anything connected to the canary host. */
  readonly canaryCalls: () => number;
  readonly close: () => Promise<void>;
};

export async function startWorld(): Promise<World> {
  const stateDir = await mkdtemp(join(tmpdir(), "edgepost-portal-"));
  const relay = await startRelay();
  const canary = await startCanary();
  const resolver = await startResolver();
  const npm = spawn("npm", ["start", "--silent"], {
    cwd: ROOT,
    env: { ...process.env, ...(await settings(stateDir, relay.port)), DOH_URL: resolver.url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { base_url: url, api_key: key, portal } = await credentials(npm, stateDir);
  const args = ["--no-sandbox", `--host-resolver-rules=MAP ${CANARY} 127.0.0.1:${canary.port}`];
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args });
  return {
    url,
    key,
    portal,
    browser,
    resolver,
    mails: relay.mails,
    canaryCalls: canary.calls,
    async close() {
      await browser.close();
      const ended = new Promise((resolve) => npm.once("close", resolve));
      npm.kill("SIGTERM");
      await ended;
      await relay.close();
      await canary.close();
      await resolver.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

async function settings(stateDir: string, relayPort: number): Promise<Record<string, string>> {
  return {
    PORT: String(await freePort()),
    MAILBOX_PORT: String(await freePort()),
    RELAY_SMTP_PORT: String(await freePort()),
    GATEWAY_PORT: String(await freePort()),
    RELAY_URL: `smtp://127.0.0.1:${relayPort}`,
    FIRST_SEND: "0",
    STATE_DIR: stateDir,
  };
}

async function credentials(
  npm: ChildProcess,
  stateDir: string,
): Promise<z.infer<typeof credentialsSchema>> {
  let printed = "";
  npm.stdout?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  npm.stderr?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline && npm.exitCode === null) {
    const text = await readFile(join(stateDir, "credentials.json"), "utf8").catch(() => null);
    if (text !== null) return credentialsSchema.parse(JSON.parse(text));
    await sleep(100);
  }
  npm.kill("SIGTERM");
  throw new Error(`npm start did not come up:\n${printed}`);
}

/** The host that nothing may ask: counts connections, whatever they are for. */
async function startCanary(): Promise<{
  port: number;
  calls: () => number;
  close: () => Promise<void>;
}> {
  let calls = 0;
  const server = createServer((socket) => {
    calls += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return { port, calls: () => calls, close };
}

/** A relay that takes everything but what it is asked to refuse. */
async function startRelay(): Promise<{
  port: number;
  mails: () => readonly string[];
  close: () => Promise<void>;
}> {
  const mails: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS", "AUTH"],
    onRcptTo({ address }, _session, callback) {
      const [number, domain] = address.split("@");
      if (domain !== REFUSED_DOMAIN) return callback();
      const words = PAYLOADS[Number(number)] ?? "unknown";
      return callback(Object.assign(new Error(words), { responseCode: 550 }));
    },
    onData(stream, _session, callback) {
      const pieces: Buffer[] = [];
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      stream.once("end", () => {
        mails.push(Buffer.concat(pieces).toString());
        callback();
      });
    },
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port,
    mails: () => mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
