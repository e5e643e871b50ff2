// Python's email package as a second reader of foreign messages: for messages that it writes itself, and for
// random ones of ours, both find the same parts with the same octets. Skipped where there is no Python 3.
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { concat, hex, utf8 } from "../../../src/lib/bytes.ts";
import type { RawMessage } from "../../../src/model/message.ts";
import { decodeWords } from "../../../src/model/mime/encoded-word.ts";
import { splitHeader, valueOf } from "../../../src/model/mime/fields.ts";
import { parseFrom } from "../../../src/model/mime/from.ts";
import { withCrlf } from "../../../src/model/mime/lines.ts";
import { allParts, isContainer, parseStructure } from "../../../src/model/mime/structure.ts";
import { decodeTransfer } from "../../../src/model/mime/transfer.ts";
import { sampleArbitrary } from "../../model/mime/arbitrary.ts";

/** Random messages that both read. */
const SAMPLES = 300;

/** Reads messages as JSON lines of hex, answers their leaves. */
const READER = `
import email, email.policy, json, sys
for line in sys.stdin:
    message = email.message_from_bytes(bytes.fromhex(line.strip()), policy=email.policy.compat32)
    leaves = [[p.get_content_type(), p.get_filename(), (p.get_payload(decode=True) or b"").hex()]
              for p in message.walk() if not p.is_multipart()]
    print(json.dumps(leaves))
`;

/** Writes messages of every kind that Python's own composer makes. */
const WRITER = `
import json
from email.message import EmailMessage
from email.headerregistry import Address
from email.utils import format_datetime
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email import policy
made = []
def give(message, name, subject, p=policy.SMTP):
    made.append([message.as_bytes(policy=p).hex(), name, subject])
m = EmailMessage(); m["From"] = Address("Jörg Größe", "a", "edgepost.test"); m["Subject"] = "Grüße – 件名 " * 9
m["X-Kasplo-Click-Tracking-ID"] = "x" * 300; m.set_content("Grüße\\n.\\n" * 3); give(m, "Jörg Größe", m["Subject"])
m.add_alternative("<p>Grüße</p>", subtype="html"); give(m, "Jörg Größe", m["Subject"])
m.add_attachment(b"%PDF-1.7" + bytes(range(256)), maintype="application", subtype="pdf", filename="Übersicht – 件名.pdf")
m.add_attachment("a,b\\n1,2\\n", subtype="csv", filename="a.csv"); give(m, "Jörg Größe", m["Subject"])
give(m, "Jörg Größe", m["Subject"], policy.default)
old = MIMEMultipart("alternative"); old["From"] = "sender <a@edgepost.test>"; old["Subject"] = "Old"
old.attach(MIMEText("plain", "plain")); old.attach(MIMEText("<b>" + "x" * 2000 + "</b>", "html"))
old.attach(MIMEText("größer", "plain", "iso-8859-1")); give(old, "sender", "Old", policy.compat32)
print(json.dumps(made))
`;

const python = spawnSync("python3", ["--version"]).status === 0;

function run(script: string, input = ""): string {
  const done = spawnSync("python3", ["-c", script], { input, maxBuffer: 100_000_000 });
  if (done.status !== 0) throw new Error(done.stderr.toString());
  return done.stdout.toString();
}

const leavesSchema = z.array(z.tuple([z.string(), z.string().nullable(), z.string()]));
const writtenSchema = z.array(z.tuple([z.string(), z.string(), z.string()]));

function split(bytes: Uint8Array): RawMessage {
  const header = splitHeader(bytes, 0, bytes.length);
  if (!header.ok) throw new Error(header.error);
  const { bodyStart } = header.value;
  return { header: bytes.subarray(0, bodyStart - 2), body: bytes.subarray(bodyStart) };
}

/** The leaves of a message as we find them. */
function leavesOf(message: RawMessage): z.infer<typeof leavesSchema> {
  const root = parseStructure(message);
  if (!root.ok) throw new Error(`${root.error.section}: ${root.error.reason}`);
  return allParts(root.value)
    .filter((part) => !isContainer(part))
    .map(({ type, names, bodyStart, bodyEnd, encoding }) => {
      const octets = decodeTransfer(message.body.subarray(bodyStart, bodyEnd), encoding);
      return [type, names[0] ?? null, hex(octets)];
    });
}

const bytesOf = ({ header, body }: RawMessage): Uint8Array => concat([header, utf8("\r\n"), body]);

describe.skipIf(!python)("Python's email (skipped without python3)", () => {
  it(`finds the same parts in ${SAMPLES} random messages`, () => {
    const samples = fc.sample(sampleArbitrary, { numRuns: SAMPLES, seed: 7 });
    const lines = samples.map(({ message }) => hex(bytesOf(message)));
    const answers = run(READER, `${lines.join("\n")}\n`)
      .trim()
      .split("\n");
    expect(answers).toHaveLength(SAMPLES);
    for (const [index, answer] of answers.entries()) {
      const sample = samples[index];
      if (!sample) throw new Error("more answers than questions");
      // Python gives a name for what RFC 2231 encodes only as a tuple in its old policy; it is decoded above.
      expect(leavesOf(sample.message)).toEqual(leavesSchema.parse(JSON.parse(answer)));
    }
  });

  it("writes messages that we read as it does: parts, names, subjects, senders", () => {
    const written = writtenSchema.parse(JSON.parse(run(WRITER)));
    expect(written).toHaveLength(5);
    for (const [digits, name, subject] of written) {
      const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
      const mended = withCrlf(bytes);
      if (!mended.ok) throw new Error(mended.error);
      const message = split(mended.value);
      const [answer = ""] = run(READER, `${hex(bytesOf(message))}\n`)
        .trim()
        .split("\n");
      expect(leavesOf(message)).toEqual(leavesSchema.parse(JSON.parse(answer)));
      const header = splitHeader(message.header, 0, message.header.length);
      if (!header.ok) throw new Error(header.error);
      const from = parseFrom(valueOf(header.value, "from") ?? "");
      expect(from).toEqual({ ok: true, value: { address: "a@edgepost.test", name } });
      expect(decodeWords(valueOf(header.value, "subject") ?? "")).toBe(subject.trim());
      const tracking = valueOf(header.value, "x-kasplo-click-tracking-id");
      if (tracking !== null) expect(decodeWords(tracking)).toBe("x".repeat(300));
    }
  });
});
