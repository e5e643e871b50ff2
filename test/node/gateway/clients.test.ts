// The mail programs that people have, unchanged, against the gateway: the documented samples in examples/
// with only their blanks filled in, and each library with TLS, UTF-8, an attachment and several recipients.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createTransport } from "nodemailer";
import PostalMime from "postal-mime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../../dev/bootstrap.js";
import type { Ingested } from "../../peers/submission-worker.ts";
import { path, RICH_SENDERS, SAMPLES } from "./clients/programs.ts";
import { missing } from "./packages.ts";
import { connectRaw, plain } from "./smtp-client.ts";
import { type GatewayWorld, PASSWORD, startGatewayWorld, USER } from "./world.ts";

/** Java compiles first, on a machine that others use too. */
const PROGRAM_DEADLINE_MS = 100_000;
/** The first that finds its program missing waits for the installation of all. */
const INSTALL_DEADLINE_MS = 330_000;

/** A picture as a mail program would send one. */
const FILE = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), randomBytes(5_000)]);
const SUBJECT = "Grüße aus 東京";
const TEXT = "Zeile eins\n.Punkt am Anfang\n..\nEnde ✓";
const TO = ["ada@example.com", "bob@example.com", "carl@example.com"];

/** As `npm start` has it: no certificate, AUTH in clear. */
let clear: GatewayWorld;
/** With STARTTLS offered. */
let tls: GatewayWorld;
let folder: string;

beforeAll(async () => {
  const noTls = { TLS_CERT_FILE: "", TLS_KEY_FILE: "", SMTPS_PORT: "" };
  clear = await startGatewayWorld({ env: noTls });
  tls = await startGatewayWorld({ env: { HOST: "localhost" } });
  folder = mkdtempSync(join(tmpdir(), "edgepost-clients-"));
  writeFileSync(join(folder, "file.png"), FILE);
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  await mkdir(join(folder, "vendor"));
  const debian = "/usr/share/php/libphp-phpmailer/autoload.php";
  writeFileSync(join(folder, "vendor", "autoload.php"), `<?php require '${debian}';`);
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all([clear.stop(), tls.stop()]);
});

type Ran = { readonly code: number | null; readonly output: string };

/** Runs a program in the folder to its end. */
function run(
  command: readonly string[],
  { env = {}, input = "" }: { env?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<Ran> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder, LC_ALL: "C.UTF-8", ...env },
    timeout: PROGRAM_DEADLINE_MS,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

/** A documented sample with its blanks filled in, as a user would; answers the new file. */
function filled(sample: string, { smtp }: GatewayWorld, recipient: string): string {
  const text = readFileSync(join(ROOT, "examples", sample), "utf8")
    .replaceAll("smtp.example.com", "localhost")
    .replaceAll("587", String(smtp))
    .replaceAll("<user-name>", USER)
    .replaceAll("<password>", PASSWORD)
    .replaceAll("<email>", recipient);
  const file = join(folder, `${smtp}-${basename(sample)}`);
  writeFileSync(file, text);
  return file;
}

function storedFor({ worker }: GatewayWorld, recipients: string): readonly Ingested[] {
  return worker.stored.filter((one) => one.headers["x-envelope-to"] === recipients);
}

describe.concurrent("the documented sample in", { timeout: INSTALL_DEADLINE_MS }, () => {
  it.for(SAMPLES)("$program runs, with STARTTLS offered and without", async (one, context) => {
    const reason = one.program === "node" ? null : await missing(one.program);
    if (reason !== null) return context.skip(reason);
    for (const world of [clear, tls]) {
      const recipient = `${one.program}-${world.smtp}@example.com`;
      const file = filled(one.sample, world, recipient);
      writeFileSync(join(folder, "ca.pem"), tls.certificates.ca);
      const env = { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") };
      const { code, output } = await run([...one.command, file], { env });
      context.expect(output).toMatch(one.says);
      context.expect(code).toBe(0);
      const [message, ...more] = storedFor(world, recipient);
      context.expect(more).toEqual([]);
      context.expect(message?.headers["x-envelope-from"]).toBe(one.from ?? USER);
      context.expect(message?.headers["x-tls"]).toBe(String(one.startTls && world === tls));
      const mail = await PostalMime.parse(message?.body ?? "");
      context.expect(mail.from?.address).toBe("info@trans.kasplo.in");
      context.expect(mail.html).toContain("this came through SMTP");
    }
  });

  it("go speaks a dialogue in which every reply is 2xx or 3xx", async ({ expect }) => {
    const client = await connectRaw({ port: clear.smtp });
    const transcript = readFileSync(path("go.transcript"), "utf8")
      .replaceAll("<initial response>", plain(USER, PASSWORD))
      .replaceAll("<recipient>", "go@example.com");
    for (const line of transcript.trimEnd().split("\n")) {
      if (line.startsWith("C: ")) client.write(`${line.slice(3)}\r\n`);
      else expect(await client.reply()).toMatch(new RegExp(`^${line.slice(3)}[ -]`));
    }
    await client.ended;
    expect(storedFor(clear, "go@example.com")).toHaveLength(1);
  });
});

/** The lines of a whole message, for the programs that send what they are given. */
function messageFile(to: readonly string[]): readonly string[] {
  const encoded = (text: string): string => `=?UTF-8?B?${Buffer.from(text).toString("base64")}?=`;
  return [
    `From: ${encoded("Grüße")} <info@trans.kasplo.in>`,
    `To: ${to.join(", ")}`,
    `Subject: ${encoded(SUBJECT)}`,
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="cut here"',
    "",
    "--cut here",
    "Content-Type: text/plain; charset=UTF-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    ...TEXT.split("\n"),
    "--cut here",
    "Content-Type: image/png",
    `Content-Disposition: attachment; filename="${encoded("größe.png")}"`,
    "Content-Transfer-Encoding: base64",
    "",
    ...(FILE.toString("base64").match(/.{1,76}/g) ?? []),
    "--cut here--",
    "",
  ];
}

describe.concurrent("over STARTTLS, with UTF-8, a file and three recipients,", () => {
  it.for(RICH_SENDERS)("$program sends", { timeout: INSTALL_DEADLINE_MS }, async (one, context) => {
    const reason = await missing(one.program);
    if (reason !== null) return context.skip(reason);
    writeFileSync(join(folder, "ca.pem"), tls.certificates.ca);
    const to = TO.map((address) => address.replace("@", `+${one.program}@`));
    const env = {
      SMTP_PORT: String(tls.smtp),
      SMTP_CA: join(folder, "ca.pem"),
      SMTP_USERNAME: USER,
      SMTP_PASSWORD: PASSWORD,
      MAIL_TO: to.join(","),
      MAIL_SUBJECT: SUBJECT,
      MAIL_TEXT: TEXT,
      MAIL_FILE: join(folder, "file.png"),
    };
    const target = { port: tls.smtp, username: USER, password: PASSWORD, to };
    const input = one.input === null ? "" : messageFile(to).join(one.input);
    const { code, output } = await run(one.command(target), { env, input });
    context.expect([code, output]).toEqual([0, context.expect.any(String)]);
    await expectRich(to);
  });

  it("nodemailer sends, also over the TLS port", async () => {
    for (const [port, secure] of [
      [tls.smtp, false],
      [tls.smtps, true],
    ] as const) {
      const to = TO.map((address) => address.replace("@", `+node${port}@`));
      const transport = createTransport({
        host: "localhost",
        port,
        secure,
        requireTLS: true,
        tls: { ca: tls.certificates.ca },
        auth: { user: USER, pass: PASSWORD },
      });
      await transport.sendMail({
        from: "Grüße <info@trans.kasplo.in>",
        to,
        subject: SUBJECT,
        text: TEXT,
        attachments: [{ filename: "größe.png", content: FILE }],
      });
      transport.close();
      await expectRich(to);
    }
  });
});

async function expectRich(to: readonly string[]): Promise<void> {
  const [message, ...more] = storedFor(tls, to.join(","));
  expect(more).toEqual([]);
  expect(message?.headers["x-tls"]).toBe("true");
  const mail = await PostalMime.parse(message?.body ?? "");
  expect(mail.subject).toBe(SUBJECT);
  expect(mail.from).toMatchObject({ name: "Grüße", address: "info@trans.kasplo.in" });
  expect(mail.text?.replaceAll("\r\n", "\n").trim()).toBe(TEXT);
  const [file] = mail.attachments;
  expect(file?.filename).toBe("größe.png");
  expect(bytesOf(file?.content)).toEqual(FILE);
}

function bytesOf(content: string | ArrayBuffer | Uint8Array | undefined): Buffer | null {
  if (content === undefined || typeof content === "string") return null;
  return Buffer.from(content instanceof Uint8Array ? content : new Uint8Array(content));
}

describe("twenty sessions at the same time", () => {
  it("are all served (the samples' concurrent_requests)", async () => {
    const transports = Array.from({ length: 20 }, () =>
      createTransport({
        host: "localhost",
        port: tls.smtp,
        tls: { ca: tls.certificates.ca },
        auth: { user: USER, pass: PASSWORD },
      }),
    );
    const sent = await Promise.all(
      transports.map((transport, n) =>
        transport.sendMail({
          from: "info@trans.kasplo.in",
          to: `parallel${n}@example.com`,
          subject: "x",
          text: "y",
        }),
      ),
    );
    expect(sent.map(({ response }) => response.slice(0, 9))).toEqual(Array(20).fill("250 2.0.0"));
    for (let n = 0; n < 20; n++) {
      expect(storedFor(tls, `parallel${n}@example.com`)).toHaveLength(1);
    }
  });
});
