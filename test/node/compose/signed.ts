// Messages of every kind, signed with DKIM, and the verdicts of independent judges on them.
import { spawnSync } from "node:child_process";
import { dkimVerify } from "mailauth";
import * as fc from "fast-check";
import { dkimFields, type DkimSigner } from "../../../src/compose/dkim.ts";
import { addressHeader, textHeader } from "../../../src/compose/header.ts";
import { mimeEntity } from "../../../src/compose/mime.ts";
import { concat, utf8 } from "../../../src/lib/bytes.ts";
import { importPrivateKey, makeKeyPair } from "../../../src/lib/key-pair.ts";
import { dkimRecord, selectorOf } from "../../../src/model/dkim-key.ts";
import type { MessageContent } from "../../../src/model/message.ts";

export const DOMAIN = "signed.test";
const AT = 1_738_908_434_000;

const ALGORITHMS = ["rsa-sha256", "ed25519-sha256"] as const;

/** A domain's keys, and the zone that shows them. */
export type Signing = {
  readonly signers: readonly DkimSigner[];
  /** TXT records by name. */
  readonly zone: ReadonlyMap<string, string>;
};

/** New keys, RSA and Ed25519. */
export async function newSigning(): Promise<Signing> {
  const made = await Promise.all(
    ALGORITHMS.map(async (algorithm) => {
      const { privateKey, publicKey } = await makeKeyPair(algorithm);
      const selector = selectorOf("1", algorithm);
      const key = await importPrivateKey(algorithm, privateKey);
      const name = `${selector}._domainkey.${DOMAIN}`;
      return {
        signer: { domain: DOMAIN, selector, algorithm, key },
        record: [name, dkimRecord({ algorithm, publicKey })] as const,
      };
    }),
  );
  return {
    signers: made.map(({ signer }) => signer),
    zone: new Map(made.map(({ record }) => record)),
  };
}

/** The message with its signatures before it. */
export async function signedMessage(
  content: readonly Uint8Array[],
  { signers }: Signing,
): Promise<Buffer> {
  const fields = await dkimFields(content, signers, AT);
  return Buffer.from(concat([utf8(fields.join("")), ...content]));
}

/** mailauth's verdict on each signature. */
export async function verdicts(message: Buffer, { zone }: Signing): Promise<readonly string[]> {
  const resolver = async (name: string) => [[zone.get(name) ?? ""]];
  const { results } = await dkimVerify(message, { resolver });
  return results.map(
    ({ status }) => `${status.result}${status.comment ? ` ${status.comment}` : ""}`,
  );
}

/** Debian's own Python is the one that its packages are for. */
const PYTHON = "/usr/bin/python3";

const SCRIPT = `
import sys, json, base64, dkim
given = json.load(sys.stdin)
zone = {name.encode() + b'.': text.encode() for name, text in given['zone'].items()}
def ask(name, timeout=5): return zone.get(name)
def judge(message):
    fields = [name for name, _ in dkim.DKIM(message).headers if name.lower() == b'dkim-signature']
    return [dkim.DKIM(message).verify(n, dnsfunc=ask) for n in range(len(fields))]
print(json.dumps([judge(base64.b64decode(m)) for m in given['messages']]))
`;

/** python3-dkim's verdict on each signature of each message; it knows RSA alone, or Ed25519 too. */
export function pythonVerdicts(
  messages: readonly Buffer[],
  { zone }: Signing,
): readonly (readonly boolean[])[] {
  const input = JSON.stringify({
    zone: Object.fromEntries(zone),
    messages: messages.map((message) => message.toString("base64")),
  });
  const options = { input, encoding: "utf8", maxBuffer: 100_000_000 } as const;
  const { stdout, stderr } = spawnSync(PYTHON, ["-c", SCRIPT], options);
  if (stderr !== "") throw new Error(stderr);
  const read: readonly (readonly boolean[])[] = JSON.parse(stdout);
  return read;
}

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.constant(" \t \n\n\n"),
  fc.constant(""),
  fc.constant("x".repeat(3000)),
);

/** Any message: AMP, attachments, UTF-8, long lines, empty bodies, white space at ends of lines. */
export const anyMessage: fc.Arbitrary<MessageContent> = fc.record({
  from: fc.constant({ address: `sender@${DOMAIN}`, name: "Sénder" }),
  replyTo: fc.constantFrom([], [{ address: "r@signed.test", name: "" }]),
  subject: fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 200 })
    .map((subject) => subject.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, " ")),
  text,
  html: fc.oneof(text, fc.constant("<p>a\t \r\n b  </p>\r\n\r\n")),
  amp: fc.constantFrom(null, "<!doctype html><html ⚡4email></html>"),
  headers: fc.constant([["X-Own", "a  b"]] as const),
  variables: fc.constant(null),
  attachments: fc.constantFrom(
    [],
    [{ filename: "ü.csv", contentType: "text/csv", contentId: null }],
  ),
  attachmentBytes: fc.constant([Uint8Array.from({ length: 3000 }, (_, n) => (n * 7) % 256)]),
  tracking: fc.constant({ opens: false, clicks: false }),
});

/** The bytes of a message before it is signed. `id` makes it one of its own. */
export function bytesOf(one: MessageContent, id = "01939d6e"): readonly Uint8Array[] {
  const fields = [
    addressHeader("From", [one.from]),
    addressHeader("To", [{ address: "ann@example.com", name: "Ann" }]),
    textHeader("Subject", one.subject),
    ...one.headers.map(([name, value]) => textHeader(name, value)),
  ];
  const entity = mimeEntity({
    ...one,
    attachmentBytes: one.attachmentBytes.slice(0, one.attachments.length),
    boundary: id,
    messageId: `${id}@${DOMAIN}`,
    date: new Date(AT),
  });
  return [utf8(fields.join("")), ...entity];
}

/** A message as old programs make it: 8-bit text as it stands, fields folded in their own way. */
export function eightBitBytes(id: string): readonly Uint8Array[] {
  const lines = [
    `From: Sender <sender@${DOMAIN}>`,
    "To: ann@example.com",
    "Subject: =?utf-8?q?h=C3=A9llo?=",
    "\tfolded  twice",
    `Message-ID: <${id}@${DOMAIN}>`,
    "Date: Fri, 07 Feb 2025 06:07:14 +0000",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    "Grüße, 8-bit as it stands.  ",
    "",
    ".a line with a dot",
    "",
  ];
  return [utf8(lines.join("\r\n"))];
}
