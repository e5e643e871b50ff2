// The mail programs that people have, unchanged, from end to end (A-032 to A-035, F-067 to F-072): the
// documented samples in examples/ with only their blanks filled in, and each library with TLS, UTF-8, an
// attachment and several recipients. Gateway, the real Worker, relay.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createTransport } from "nodemailer";
import PostalMime from "postal-mime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { ROOT } from "../../../dev/bootstrap.js";
import { type Ground, prepareGround } from "../faults/ground.ts";
import { path, RICH_SENDERS, SAMPLES } from "./clients/programs.ts";
import { missing } from "../support/packages.ts";
import { type Delivered, type OpenGateway, type RealWorld, startRealWorld } from "./real-world.ts";
import { connectRaw, plain } from "./smtp-client.ts";

/** Java compiles first, on a machine that others use too. */
const PROGRAM_DEADLINE_MS = 100_000;
/** The first that finds its program missing waits for the installation of all. */
const INSTALL_DEADLINE_MS = 330_000;

/** A picture as a mail program would send one. */
const FILE = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), randomBytes(5_000)]);
const SUBJECT = "Grüße aus 東京";
const TEXT = "Zeile eins\n.Punkt am Anfang\n..\nEnde ✓";
const TO = ["ada@example.com", "bob@example.com", "carl@example.com"];

let ground: Ground;
let real: RealWorld;
/** As `npm start` has it: no certificate, AUTH in clear. */
let clear: OpenGateway;
/** With STARTTLS offered. */
let tls: OpenGateway;
let folder: string;

beforeAll(async () => {
  ground = await prepareGround();
  real = await startRealWorld(ground);
  clear = await real.open({ TLS_CERT_FILE: "", TLS_KEY_FILE: "", SMTPS_PORT: "" });
  tls = await real.open({ HOST: "localhost" });
  folder = mkdtempSync(join(tmpdir(), "edgepost-clients-"));
  writeFileSync(join(folder, "file.png"), FILE);
  writeFileSync(join(folder, "ca.pem"), real.certificates.ca);
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  await mkdir(join(folder, "vendor"));
  const debian = "/usr/share/php/libphp-phpmailer/autoload.php";
  writeFileSync(join(folder, "vendor", "autoload.php"), `<?php require '${debian}';`);
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await real.stop();
  ground.remove();
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
function filled(sample: string, { smtp }: OpenGateway, recipient: string): string {
  const text = readFileSync(join(ROOT, "examples", sample), "utf8")
    .replaceAll("smtp.example.com", "localhost")
    .replaceAll("587", String(smtp))
    .replaceAll("<user-name>", ground.smtp.username)
    .replaceAll("<password>", ground.smtp.password)
    .replaceAll("<email>", recipient);
  const file = join(folder, `${smtp}-${basename(sample)}`);
  writeFileSync(file, text);
  return file;
}

const listSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

/** The one message to a recipient: as it was delivered, and whether it came by TLS. */
async function arrived(
  recipient: string,
  gateway: OpenGateway,
): Promise<{ readonly mail: Delivered; readonly tls: unknown }> {
  const mail = await real.delivered(recipient);
  const path = `/v1/messages?recipient=${encodeURIComponent(recipient)}`;
  const { data } = await real.world.get(listSchema, path);
  expect(data).toHaveLength(1);
  const line = gateway.log().find((one) => one["message_id"] === data[0]?.id);
  return { mail, tls: line?.["tls"] };
}

describe.concurrent("the documented sample in", { timeout: INSTALL_DEADLINE_MS }, () => {
  it.for(SAMPLES)("$program runs, with STARTTLS offered and without", async (one, context) => {
    const reason = one.program === "node" ? null : await missing(one.program);
    if (reason !== null) return context.skip(reason);
    for (const gateway of [clear, tls]) {
      const recipient = `${one.program}-${gateway.smtp}@example.com`;
      const file = filled(one.sample, gateway, recipient);
      const env = { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") };
      const { code, output } = await run([...one.command, file], { env });
      context.expect(output).toMatch(one.says);
      context.expect(code).toBe(0);
      const message = await arrived(recipient, gateway);
      context.expect(message.tls).toBe(one.startTls && gateway === tls);
      const mail = await PostalMime.parse(message.mail.bytes);
      context.expect(mail.from?.address).toBe("info@trans.kasplo.in");
      context.expect(mail.html).toContain("this came through SMTP");
    }
  });

  it("go speaks a dialogue in which every reply is 2xx or 3xx", async ({ expect }) => {
    const client = await connectRaw({ port: clear.smtp });
    const transcript = readFileSync(path("go.transcript"), "utf8")
      .replaceAll("<initial response>", plain(ground.smtp.username, ground.smtp.password))
      .replaceAll("<recipient>", "go@example.com");
    for (const line of transcript.trimEnd().split("\n")) {
      if (line.startsWith("C: ")) client.write(`${line.slice(3)}\r\n`);
      else expect(await client.reply()).toMatch(new RegExp(`^${line.slice(3)}[ -]`));
    }
    await client.ended;
    const { mail } = await arrived("go@example.com", clear);
    expect((await PostalMime.parse(mail.bytes)).html).toContain("this came through SMTP");
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
    const to = TO.map((address) => address.replace("@", `+${one.program}@`));
    const env = {
      SMTP_PORT: String(tls.smtp),
      SMTP_CA: join(folder, "ca.pem"),
      SMTP_USERNAME: ground.smtp.username,
      SMTP_PASSWORD: ground.smtp.password,
      MAIL_TO: to.join(","),
      MAIL_SUBJECT: SUBJECT,
      MAIL_TEXT: TEXT,
      MAIL_FILE: join(folder, "file.png"),
    };
    const target = { port: tls.smtp, ...ground.smtp, to };
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
        tls: { ca: real.certificates.ca },
        auth: { user: ground.smtp.username, pass: ground.smtp.password },
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

/** Each recipient got the whole of it, over TLS as far as the gateway. */
async function expectRich(to: readonly string[]): Promise<void> {
  for (const recipient of to) {
    const message = await arrived(recipient, tls);
    expect(message.tls).toBe(true);
    expect(message.mail.to).toEqual([recipient]);
    const mail = await PostalMime.parse(message.mail.bytes);
    expect(mail.subject).toBe(SUBJECT);
    expect(mail.from).toMatchObject({ name: "Grüße", address: "info@trans.kasplo.in" });
    expect(mail.text?.replaceAll("\r\n", "\n").trim()).toBe(TEXT);
    const [file] = mail.attachments;
    expect(file?.filename).toBe("größe.png");
    expect(bytesOf(file?.content)).toEqual(FILE);
  }
}

function bytesOf(content: string | ArrayBuffer | Uint8Array | undefined): Buffer | null {
  if (content === undefined || typeof content === "string") return null;
  return Buffer.from(content instanceof Uint8Array ? content : new Uint8Array(content));
}
