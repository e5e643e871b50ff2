// The receivers in examples/webhooks, which the portal shows too: each language takes what this product signs, and
// refuses everything else. Run as people run them, but Ruby's, which is an application without a server.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { freePort } from "../../peers/free-port.ts";
import { ROOT } from "../../../dev/bootstrap.js";
import { makeWebhookSecret, signWebhook } from "../../../src/lib/standard-webhooks.ts";
import { missing, type Program } from "../support/packages.ts";

/** Go compiles first, on a machine that others use too. */
const START_DEADLINE_MS = 60_000;
/** The first that finds its program missing waits for the installation of all. */
const INSTALL_DEADLINE_MS = 330_000;

const FOLDER = join(ROOT, "examples", "webhooks");

/** The least server that calls a Rack application. */
const RACK = `
  require "stringio"
  require "socket"
  server = TCPServer.new("127.0.0.1", ENV.fetch("PORT").to_i)
  loop do
    client = server.accept
    fields = { "rack.input" => nil }
    client.gets
    while (line = client.gets.chomp) != ""
      name, value = line.split(": ", 2)
      fields["HTTP_" + name.upcase.tr("-", "_")] = value
    end
    length = fields["HTTP_CONTENT_LENGTH"].to_i
    status, = WEBHOOKS.call(fields.merge("rack.input" => StringIO.new(client.read(length))))
    client.write("HTTP/1.1 #{status} -\\r\\nconnection: close\\r\\n\\r\\n")
    client.close
  end`;

const RECEIVERS: readonly [Program | "node", (port: number) => readonly string[]][] = [
  ["node", () => [process.execPath, "verify.mjs"]],
  ["python", () => ["python3", "verify.py"]],
  ["php", (port) => ["php", "-S", `127.0.0.1:${port}`, "verify.php"]],
  ["go", () => ["go", "run", "verify.go"]],
  ["ruby", () => ["ruby", "-r./verify.rb", "-e", RACK]],
];

const SECRET = makeWebhookSecret();
const BODY = '{"event":"click","email":"ada@example.com","tags":"Grüße, 東京 \\u2028"}';

let running: ChildProcess | null = null;

afterEach(async () => {
  const child = running;
  running = null;
  if (!child?.pid || child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("close", resolve));
  // `go run` has a child of its own.
  process.kill(-child.pid, "SIGKILL");
  await ended;
});

type Post = {
  readonly secrets?: readonly string[];
  /** Seconds that the sender's clock is off. */
  readonly age?: number;
  /** What arrives instead of what was signed. */
  readonly arrives?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** What each of them must answer. */
const CASES: readonly [string, Post, 204 | 400][] = [
  ["what we sign", {}, 204],
  ["what was signed with two secrets", { secrets: [makeWebhookSecret(), SECRET] }, 204],
  ["a clock that is four minutes off", { age: 240 }, 204],
  ["another secret", { secrets: [makeWebhookSecret()] }, 400],
  ["a changed body", { arrives: BODY.replace("click", "open") }, 400],
  ["what was recorded six minutes ago", { age: 360 }, 400],
  ["what comes from the future", { age: -360 }, 400],
  ["another id", { headers: { "webhook-id": "other" } }, 400],
  [
    "a fresh timestamp on an old signature",
    { age: 900, headers: { "webhook-timestamp": "now" } },
    400,
  ],
  ["no timestamp that is a number", { headers: { "webhook-timestamp": "soon" } }, 400],
  ["no signature", { headers: { "webhook-signature": "" } }, 400],
  ["signatures of nobody", { headers: { "webhook-signature": "v1, v1,x= v2,é," } }, 400],
];

async function answerOf(url: string, { secrets = [SECRET], age = 0, arrives, headers }: Post) {
  const now = Math.floor(Date.now() / 1000);
  const signed = { id: "0194dfd7-1111-7000-8000-000000000001", timestamp: now - age, body: BODY };
  const fields = {
    "content-type": "application/json",
    "webhook-id": signed.id,
    "webhook-timestamp": String(signed.timestamp),
    "webhook-signature": await signWebhook(secrets, signed),
    ...headers,
  };
  if (fields["webhook-timestamp"] === "now") fields["webhook-timestamp"] = String(now);
  const body = arrives ?? BODY;
  const response = await fetch(url, { method: "POST", headers: fields, body });
  return response.status;
}

async function start(command: readonly string[], port: number): Promise<void> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: FOLDER,
    detached: true,
    env: { ...process.env, PORT: String(port), WEBHOOK_SECRET: SECRET },
  });
  running = child;
  let printed = "";
  child.stderr.on("data", (piece: Buffer) => (printed += piece.toString()));
  child.on("error", (error) => (printed += error.message));
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const answers = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "{}" }).then(
      ({ status }) => status === 400,
      () => false,
    );
    if (answers) return;
    await sleep(50);
  }
  throw new Error(`${program} does not answer: ${printed}`);
}

describe("a receiver of webhooks in examples/", { timeout: INSTALL_DEADLINE_MS }, () => {
  it.for(RECEIVERS)("in %s takes what is signed, and nothing else", async (receiver, context) => {
    const [language, commandFor] = receiver;
    const reason = language === "node" ? null : await missing(language);
    if (reason !== null) return context.skip(reason);
    const port = await freePort();
    await start(commandFor(port), port);
    const answers: Record<string, number> = {};
    for (const [name, post] of CASES) {
      answers[name] = await answerOf(`http://127.0.0.1:${port}/`, post);
    }
    expect(answers).toEqual(Object.fromEntries(CASES.map(([name, , status]) => [name, status])));
    return undefined;
  });
});
