// `npm start` as a user has it: everything comes up, is brought back when it dies, and goes away.
import { freePort } from "../../peers/free-port.ts";
import { dsn, filled } from "../../inbound/mails.ts";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { ROOT } from "../../../dev/bootstrap.js";
import { isFree } from "../../../dev/ports.ts";
import { allProcesses, processesOf, signal } from "../../../dev/processes.ts";

const credentialsSchema = z.object({
  base_url: z.string(),
  mailbox_url: z.string(),
  relay_smtp: z.object({ host: z.string(), port: z.number() }),
  api_key: z.string().startsWith("ep_live_"),
  webhook_secret: z.string().startsWith("whsec_"),
  smtp: z.object({
    host: z.string(),
    port: z.number(),
    username: z.string(),
    password: z.string(),
  }),
  portal: z.object({ url: z.string(), email: z.string(), password: z.string() }),
});
const listSchema = z.object({ data: z.array(z.record(z.string(), z.unknown())) });

let stateDir: string;
let env: Record<string, string>;
let npm: Run | null = null;

/** A running `npm start` and what it printed. */
type Run = { readonly child: ChildProcess; output: string; readonly ended: Promise<number | null> };

function start(extra: Record<string, string> = {}): Run {
  const child = spawn("npm", ["start", "--silent"], {
    cwd: ROOT,
    env: { ...process.env, ...env, ...extra },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const run: Run = { child, output: "", ended };
  child.stdout?.on("data", (chunk: Buffer) => (run.output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (run.output += chunk.toString()));
  return run;
}

async function until<T>(look: () => Promise<T | null>, seconds: number, what: string): Promise<T> {
  const deadline = Date.now() + seconds * 1_000;
  while (Date.now() < deadline) {
    const found = await look().catch(() => null);
    if (found !== null) return found;
    await sleep(100);
  }
  throw new Error(`${what} did not come within ${seconds} s. Printed:\n${npm?.output}`);
}

function credentials(seconds: number): Promise<z.infer<typeof credentialsSchema>> {
  const file = join(stateDir, "credentials.json");
  const read = async () => credentialsSchema.parse(JSON.parse(await readFile(file, "utf8")));
  return until(read, seconds, "credentials.json");
}

async function mailbox(path: string): Promise<Record<string, unknown>[]> {
  const response = await fetch(`http://127.0.0.1:${env["MAILBOX_PORT"]}${path}`);
  return listSchema.parse(await response.json()).data;
}

function isBySmtp(mail: Readonly<Record<string, unknown>>): boolean {
  return JSON.stringify(mail["rcpt_to"]) === '["smtp@example.com"]';
}

async function apiStatus(): Promise<number> {
  const { api_key } = await credentials(1);
  const response = await fetch(`http://127.0.0.1:${env["PORT"]}/v1/messages`, {
    headers: { authorization: `Bearer ${api_key}` },
    signal: AbortSignal.timeout(1_000),
  });
  await response.body?.cancel();
  return response.status;
}

/** The workerd that listens on the API's port. */
async function proxyPid(): Promise<{ pid: number; group: number }> {
  const entry = `workerd serve`;
  const all = await allProcesses();
  const found = all.find(
    ({ command }) => command.includes(entry) && command.includes(`entry=127.0.0.1:${env["PORT"]} `),
  );
  if (!found) throw new Error("no workerd listens on the port");
  return found;
}

async function restartLine(): Promise<string | null> {
  return /The Worker died .* again in [\d.]+ s/.exec(npm?.output ?? "")?.[0] ?? null;
}

async function prints(text: string): Promise<true | null> {
  return npm?.output.includes(text) ? true : null;
}

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "edgepost-start-"));
  env = {
    PORT: String(await freePort()),
    MAILBOX_PORT: String(await freePort()),
    RELAY_SMTP_PORT: String(await freePort()),
    GATEWAY_PORT: String(await freePort()),
    STATE_DIR: stateDir,
    RELAY_URL: "",
    FIRST_SEND: "1",
  };
  npm = start();
});

afterAll(async () => {
  npm?.child.kill("SIGTERM");
  await npm?.ended;
  await rm(stateDir, { recursive: true, force: true });
});

describe("npm start", () => {
  it("comes up, says where everything is and makes a first send that is verified", async () => {
    const written = await credentials(60);
    expect(written).toMatchObject({
      base_url: `http://127.0.0.1:${env["PORT"]}`,
      mailbox_url: `http://127.0.0.1:${env["MAILBOX_PORT"]}`,
      relay_smtp: { host: "127.0.0.1", port: Number(env["RELAY_SMTP_PORT"]) },
    });
    expect(await apiStatus()).toBe(200);
    const { url, email, password } = written.portal;
    const logIn = await fetch(`${written.base_url}/v1/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email, password }),
    });
    expect([logIn.status, (await fetch(url)).status]).toEqual([201, 200]);
    await until(() => prints("Ctrl-C"), 60, "the first send");
    const steps = [...(npm?.output ?? "").matchAll(/^ *\d+ ms {2}(\w+)/gm)].map((line) => line[1]);
    expect(steps, npm?.output).toEqual([
      "accepted",
      "claimed",
      "delivered",
      "webhook",
      "opened",
      "clicked",
    ]);
    expect(npm?.output).toContain("said: 250 2.0.0 Ok: queued as ");
    expect(npm?.output).toContain("received, signature verified");
    expect(npm?.output).toContain("by a browser, webhook verified");
    expect(npm?.output).toMatch(/clicked {4}to http:\/\/127\.0\.0\.1:\d+\/, webhook verified/);
    expect(npm?.output).toMatch(/^Look at it: http:\/\/127\.0\.0\.1:\d+\/#\/messages\//m);
    expect(await mailbox("/api/messages")).toMatchObject([
      {
        mail_from: expect.stringMatching(/^b\+[a-z2-7]+@bounce\.edgepost\.test$/),
        rcpt_to: ["you@example.com"],
      },
    ]);
    expect((await mailbox("/api/hooks")).every((hook) => hook["verified"] === true)).toBe(true);
  });

  it("serves the API explorer, whose policy lets in nothing but its own files", async () => {
    const base = `http://127.0.0.1:${env["PORT"]}`;
    const page = await fetch(`${base}/docs`);
    expect(page.status).toBe(200);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain("unsafe");
    const html = await page.text();
    expect(html).not.toMatch(/<script(?! src="\/docs\/)|<style| style=| on\w+=|https?:/);
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path = ""]) => path);
    expect(files).toContain("/openapi.json");
    for (const path of ["/docs/dom.js", "/docs/schema.js", ...files]) {
      const file = await fetch(`${base}${path}`);
      expect([path, file.status, await file.text()]).toEqual([path, 200, expect.any(String)]);
    }
    // Nothing else of the folder is anybody's, and nothing in it hides the API.
    expect((await fetch(`${base}/_headers`)).status).toBe(404);
    expect((await fetch(`${base}/docs.html`)).status).toBe(404);
  });

  it("takes mail in at /cdn-cgi/handler/email: the first send comes back as a bounce", async () => {
    const [mail] = await mailbox("/api/messages");
    const returnPath = String(mail?.["mail_from"]);
    const about = { email: "you@example.com", messageId: "x", returnPath };
    const door = new URL(`http://127.0.0.1:${env["PORT"]}/cdn-cgi/handler/email`);
    door.search = String(new URLSearchParams({ from: "mailer-daemon@mx.test", to: returnPath }));
    const soft = "Final-Recipient: rfc822; {email}\nAction: failed\nStatus: 5.2.2";
    const bounce = filled(dsn([soft]), about);
    expect((await fetch(door, { method: "POST", body: bounce })).status).toBe(200);
    const told = async () =>
      (await mailbox("/api/hooks")).some((hook) => JSON.stringify(hook).includes("bounce_all"));
    await until(async () => ((await told()) ? true : null), 20, "the webhook of the bounce");
    door.searchParams.set("to", returnPath.replace(/.@/, "@"));
    const forged = await fetch(door, { method: "POST", body: bounce });
    expect([forged.status, await forged.text()]).toEqual([400, expect.stringContaining("5.1.1")]);
  });

  it("prints a curl that works when pasted", async () => {
    const curl = /^ {2}(curl [\s\S]*?'\{.*\}')$/m.exec(npm?.output ?? "")?.[1] ?? "exit 9";
    const shell = spawn("sh", ["-c", curl], { stdio: ["ignore", "pipe", "ignore"] });
    let answer = "";
    shell.stdout.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    await new Promise((resolve) => shell.once("close", resolve));
    expect(answer).toContain('{"statusCode":1000,"status":"SUCCESS","message":"NA"}');
  });

  it("takes mail from any mail program, by the settings that it prints", async () => {
    const { smtp } = await credentials(1);
    for (const setting of [`port ${smtp.port}`, smtp.username, smtp.password]) {
      expect(npm?.output).toContain(setting);
    }
    const { host, port, username: user, password: pass } = smtp;
    const transport = createTransport({ host, port, auth: { user, pass } });
    const sent = await transport.sendMail({
      from: "hello@edgepost.test",
      to: "smtp@example.com",
      subject: "By a mail program",
      text: "Hello",
    });
    transport.close();
    expect(sent.response).toMatch(/^250 2\.0\.0 Ok: queued as [0-9a-f-]{36}$/);
    const arrived = async () => (await mailbox("/api/messages")).find(isBySmtp) ?? null;
    expect(await until(arrived, 15, "the mail")).toMatchObject({ subject: "By a mail program" });
  });

  it("starts a killed Worker again and says so", async () => {
    const { pid } = await proxyPid();
    signal(pid, "SIGKILL");
    await sleep(300);
    await until(async () => ((await apiStatus()) === 200 ? true : null), 20, "the Worker");
    await until(restartLine, 5, "the line about it");
  });

  it("survives the end of the workerd that holds the Worker's code", async () => {
    const proxy = await proxyPid();
    const group = await processesOf(proxy.group);
    const other = group.find(
      ({ pid, command }) => pid !== proxy.pid && command.includes("workerd serve"),
    );
    if (!other) throw new Error("only one workerd runs");
    signal(other.pid, "SIGKILL");
    await sleep(300);
    await until(async () => ((await apiStatus()) === 200 ? true : null), 20, "the Worker");
  });

  it("says in one line that a port is taken", async () => {
    const second = start({ STATE_DIR: join(stateDir, "second") });
    expect(await second.ended).toBe(1);
    expect(second.output).toBe(`Port ${env["PORT"]} is taken; set PORT to a free one.\n`);
  });

  it("ends everything within 5 s when only npm is signalled, and keeps data and keys", async () => {
    const before = await credentials(1);
    const mails = await mailbox("/api/messages");
    const { group } = await proxyPid();
    const since = Date.now();
    npm?.child.kill("SIGTERM");
    await npm?.ended;
    expect(Date.now() - since).toBeLessThan(5_500);
    expect(await processesOf(group)).toEqual([]);
    for (const name of ["PORT", "MAILBOX_PORT", "RELAY_SMTP_PORT", "GATEWAY_PORT"]) {
      expect(await isFree(Number(env[name])), name).toBe(true);
    }
    npm = start({ FIRST_SEND: "0" });
    await until(() => prints("Edgepost is running"), 30, "the second start");
    expect(await credentials(1)).toEqual(before);
    expect(await apiStatus()).toBe(200);
    expect(await mailbox("/api/messages")).toEqual(mails);
  });
});
