// DKIM signatures (RFC 6376, RFC 8463): relaxed/relaxed over the bytes that leave. Knows no DNS and no
// database; the same message and key give the same bytes at every attempt with RSA and with Ed25519.
import { createHash } from "node:crypto";
import { concat, toBase64 } from "../lib/bytes.ts";
import { relaxedBody } from "./dkim-body.ts";

/** A key that may sign for a domain; the public half stands at `<selector>._domainkey.<domain>`. */
export type DkimSigner = {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: "rsa-sha256" | "ed25519-sha256";
  readonly key: CryptoKey;
};

/** Fields that are signed where they stand (RFC 6376 §5.4.1)… */
const SIGNED: readonly string[] = [
  "from",
  "sender",
  "reply-to",
  "subject",
  "date",
  "message-id",
  "to",
  "cc",
  "mime-version",
  "content-type",
  "content-transfer-encoding",
  "in-reply-to",
  "references",
  "list-unsubscribe",
  "list-unsubscribe-post",
  "feedback-id",
];

/** …and those of which nobody may add another one on the way (§5.4: named once more than they stand). */
const OVERSIGNED: readonly string[] = [
  "from",
  "to",
  "subject",
  "date",
  "message-id",
  "list-unsubscribe",
  "list-unsubscribe-post",
];

/**
 * The DKIM-Signature fields of a message, one per signer, to be put before it. `content` is the whole
 * message in CRLF lines; `at` is the time of signing, epoch milliseconds.
 */
export async function dkimFields(
  content: readonly Uint8Array[],
  signers: readonly DkimSigner[],
  at: number,
): Promise<readonly string[]> {
  if (signers.length === 0) return [];
  const { head, body } = split(content);
  const bodyHash = createHash("sha256");
  for (const piece of relaxedBody(body)) bodyHash.update(piece);
  const hash = bodyHash.digest("base64");
  const fields = signedFields(parseFields(head));
  return Promise.all(signers.map((signer) => dkimField(signer, fields, hash, at)));
}

type Field = { readonly name: string; readonly text: string };

async function dkimField(
  { domain, selector, algorithm, key }: DkimSigner,
  fields: { readonly names: readonly string[]; readonly canonical: string },
  bodyHash: string,
  at: number,
): Promise<string> {
  const tags = [
    `v=1; a=${algorithm}; c=relaxed/relaxed`,
    `d=${domain}`,
    `s=${selector}`,
    `t=${Math.floor(at / 1000)}`,
    `h=${foldedNames(fields.names)}`,
    `bh=${bodyHash}`,
    "b=",
  ];
  const unsigned = `DKIM-Signature: ${tags.join(";\r\n ")}`;
  const input = Uint8Array.from(Buffer.from(fields.canonical + relaxedField(unsigned), "latin1"));
  const signature = await sign(algorithm, key, input);
  const lines = toBase64(signature).match(/.{1,72}/g) ?? [];
  return `${unsigned}${lines.join("\r\n ")}\r\n`;
}

async function sign(
  algorithm: DkimSigner["algorithm"],
  key: CryptoKey,
  input: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  if (algorithm === "rsa-sha256") {
    return new Uint8Array(await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, input));
  }
  // RFC 8463 §3: Ed25519 signs the SHA-256 of the input.
  const digest = createHash("sha256").update(input).digest();
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, Uint8Array.from(digest)));
}

/** Whether a message has a field of this lower-case name. */
export function hasField(content: readonly Uint8Array[], name: string): boolean {
  return parseFields(split(content).head).some((field) => field.name === name);
}

/** The header as one character a byte, and what follows the empty line, without copying the body. */
function split(content: readonly Uint8Array[]): {
  readonly head: string;
  readonly body: readonly Uint8Array[];
} {
  const head: Uint8Array[] = [];
  let tail: Uint8Array = new Uint8Array();
  for (const [index, chunk] of content.entries()) {
    // The empty line may stand across two chunks.
    const across = endOfHead(concat([tail, chunk.subarray(0, EMPTY_LINE.length - 1)]));
    const end = across === null ? endOfHead(chunk) : across - tail.length;
    if (end !== null) {
      const rest = [chunk.subarray(end), ...content.slice(index + 1)];
      return { head: latin1(concat([...head, chunk.subarray(0, end)])), body: rest };
    }
    head.push(chunk);
    tail = concat([tail, chunk.slice(1 - EMPTY_LINE.length)]).slice(1 - EMPTY_LINE.length);
  }
  return { head: latin1(concat(head)), body: [] };
}

const EMPTY_LINE = "\r\n\r\n";

/** Where the body begins in these bytes; null when the empty line is not in them. A large body is not copied. */
function endOfHead(bytes: Uint8Array): number | null {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(EMPTY_LINE);
  return at < 0 ? null : at + EMPTY_LINE.length;
}

/** One character a byte: positions in the text are positions in the bytes. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The fields of a header in order, folds and all (RFC 5322 §2.2). */
function parseFields(head: string): readonly Field[] {
  return head
    .trimEnd()
    .split(/\r\n(?![ \t])/)
    .map((text) => {
      const colon = text.indexOf(":");
      return { name: text.slice(0, colon).trim().toLowerCase(), text };
    });
}

/** Names for `h=` and the canonical fields in that order, bottom-most first (§5.4.2). */
function signedFields(all: readonly Field[]) {
  const names: string[] = [];
  let canonical = "";
  for (const name of SIGNED) {
    const instances = all.filter((field) => field.name === name).toReversed();
    for (const { text } of instances) {
      names.push(name);
      canonical += `${relaxedField(text)}\r\n`;
    }
    if (OVERSIGNED.includes(name)) names.push(name);
  }
  return { names, canonical };
}

/** §3.4.2. */
function relaxedField(text: string): string {
  const colon = text.indexOf(":");
  const name = text.slice(0, colon).trim().toLowerCase();
  const value = text
    .slice(colon + 1)
    .replace(/\r\n(?=[ \t])/g, "")
    .replace(/[ \t]+/g, " ");
  return `${name}:${value.trim()}`;
}

/** Octets of a line of names; verifiers ignore the folds (§3.2). */
const LINE = 72;

function foldedNames(names: readonly string[]): string {
  let line = "";
  return names.reduce((text, name, index) => {
    const part = index === 0 ? name : `:${name}`;
    line = line.length + part.length > LINE ? part : line + part;
    return line === part && index > 0 ? `${text}\r\n ${part}` : text + part;
  }, "");
}
