// Our DKIM signatures before independent judges: mailauth, and python3-dkim where it is installed.
import { spawnSync } from "node:child_process";
import { dkimVerify } from "mailauth";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { dkimFields, type DkimSigner } from "../../../src/compose/dkim.ts";
import { addressHeader, textHeader } from "../../../src/compose/header.ts";
import { mimeEntity } from "../../../src/compose/mime.ts";
import { concat, toBase64, utf8 } from "../../../src/lib/bytes.ts";
import type { MessageContent } from "../../../src/model/message.ts";

const DOMAIN = "signed.test";
const AT = 1_738_908_434_000;
/** Messages of each kind that are signed and judged. */
const MESSAGES = 150;

let signers: readonly DkimSigner[] = [];
const zone = new Map<string, string>();

beforeAll(async () => {
  const rsa = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: "SHA-256",
    },
    true,
    ["sign", "verify"],
  );
  const ed = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  if (!("privateKey" in rsa && "privateKey" in ed)) throw new Error("no key pairs");
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", rsa.publicKey));
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", ed.publicKey));
  zone.set(`ep1._domainkey.${DOMAIN}`, `v=DKIM1; k=rsa; p=${toBase64(spki)}`);
  zone.set(`ep1e._domainkey.${DOMAIN}`, `v=DKIM1; k=ed25519; p=${toBase64(raw)}`);
  signers = [
    { domain: DOMAIN, selector: "ep1", algorithm: "rsa-sha256", key: rsa.privateKey },
    { domain: DOMAIN, selector: "ep1e", algorithm: "ed25519-sha256", key: ed.privateKey },
  ];
});

async function signed(content: readonly Uint8Array[]): Promise<Buffer> {
  const fields = await dkimFields(content, signers, AT);
  return Buffer.from(concat([utf8(fields.join("")), ...content]));
}

async function verdicts(message: Buffer): Promise<readonly string[]> {
  const { results } = await dkimVerify(message, {
    resolver: async (name: string) => [[zone.get(name) ?? ""]],
  });
  return results.map(
    ({ status }) => `${status.result}${status.comment ? ` ${status.comment}` : ""}`,
  );
}

const text = fc.string({ unit: "grapheme", maxLength: 300 });
const content: fc.Arbitrary<MessageContent> = fc.record({
  from: fc.constant({ address: `sender@${DOMAIN}`, name: "Sénder" }),
  replyTo: fc.constantFrom([], [{ address: "r@signed.test", name: "" }]),
  subject: fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 200 })
    .map((subject) => subject.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, " ")),
  text: fc.oneof(text, fc.constant(" \t \n\n\n"), fc.constant(""), fc.constant("x".repeat(3000))),
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

async function bytesOf(one: MessageContent): Promise<readonly Uint8Array[]> {
  const fields = [
    addressHeader("From", [one.from]),
    addressHeader("To", [{ address: "ann@example.com", name: "Ann" }]),
    textHeader("Subject", one.subject),
    ...one.headers.map(([name, value]) => textHeader(name, value)),
  ];
  const entity = mimeEntity({
    ...one,
    attachmentBytes: one.attachmentBytes.slice(0, one.attachments.length),
    boundary: "01939d6e",
    messageId: `01939d6e@${DOMAIN}`,
    date: new Date(AT),
  });
  return [utf8(fields.join("")), ...entity];
}

/** One message of several parts. */
const SAMPLE: MessageContent = {
  from: { address: `sender@${DOMAIN}`, name: "" },
  replyTo: [],
  subject: "Hello",
  text: "Hello",
  html: "<p>Hello</p>",
  amp: null,
  headers: [],
  variables: null,
  attachments: [],
  attachmentBytes: [],
  tracking: { opens: false, clicks: false },
};

/** Debian's own Python is the one that its packages are for. */
const PYTHON = "/usr/bin/python3";

describe("dkimFields", () => {
  it("makes signatures that mailauth accepts, RSA and Ed25519, on any message", async () => {
    await fc.assert(
      fc.asyncProperty(content, async (one) => {
        expect(await verdicts(await signed(await bytesOf(one)))).toEqual(["pass", "pass"]);
      }),
      { numRuns: MESSAGES },
    );
  });

  it("signs bodies of any bytes, however they are cut into chunks", async () => {
    const line = fc.constantFrom(
      "",
      " ",
      "\t x  y \t",
      "a",
      "é".repeat(5),
      ".",
      "--",
      "x".repeat(998),
    );
    const bodies = fc.array(line, { maxLength: 12 }).map((lines) => lines.join("\r\n"));
    await fc.assert(
      fc.asyncProperty(bodies, fc.integer({ min: 1, max: 40 }), async (body, size) => {
        const source = utf8(`From: a@${DOMAIN}\r\nSubject:  x \r\n\ty\r\n\r\n${body}`);
        const chunks = Array.from({ length: Math.ceil(source.length / size) }, (_, n) =>
          source.subarray(n * size, (n + 1) * size),
        );
        expect(await verdicts(await signed(chunks))).toEqual(["pass", "pass"]);
      }),
      { numRuns: MESSAGES },
    );
  });

  it("fails when a field is added, changed or removed, or the body changes", async () => {
    const message = (await signed(await bytesOf(SAMPLE))).toString("latin1");
    const changed = [
      `Subject: another\r\n${message}`,
      `List-Unsubscribe: <https://evil.test/>\r\n${message}`,
      message.replace("sender@", "boss@"),
      message.replace(/\r\nDate: [^\r]*/, ""),
      `${message}more\r\n`,
    ];
    for (const one of changed) {
      const results = await verdicts(Buffer.from(one, "latin1"));
      expect(results.filter((result) => result.startsWith("pass"))).toEqual([]);
    }
  });

  it("gives the same bytes each time, in lines of at most 78 octets", async () => {
    const bytes = await bytesOf(SAMPLE);
    const first = await dkimFields(bytes, signers, AT);
    expect(await dkimFields(bytes, signers, AT)).toEqual(first);
    const lines = first.join("").split("\r\n");
    expect(lines.filter((one) => one.length > 78)).toEqual([]);
  });

  const python = spawnSync(PYTHON, ["-c", "import dkim"]).status === 0;
  it.skipIf(!python)(
    "makes RSA signatures that python3-dkim accepts (else: not installed)",
    async () => {
      const script = [
        "import sys, json, base64, dkim",
        "d = json.load(sys.stdin)",
        "zone = {k.encode() + b'.': v.encode() for k, v in d['zone'].items()}",
        "def ask(name, timeout=5): return zone.get(name)",
        "print(json.dumps([dkim.DKIM(base64.b64decode(m)).verify(0, dnsfunc=ask) for m in d['messages']]))",
      ].join("\n");
      const samples = fc.sample(content, MESSAGES);
      const messages = await Promise.all(
        samples.map(async (one) => (await signed(await bytesOf(one))).toString("base64")),
      );
      const input = JSON.stringify({ zone: Object.fromEntries(zone), messages });
      const { stdout, stderr } = spawnSync(PYTHON, ["-c", script], { input, encoding: "utf8" });
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toEqual(messages.map(() => true));
    },
  );
});
