// Our DKIM signatures before independent judges: mailauth, and python3-dkim where it is installed.
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { dkimFields } from "../../../src/compose/dkim.ts";
import { utf8 } from "../../../src/lib/bytes.ts";
import type { MessageContent } from "../../../src/model/message.ts";
import { missing } from "../support/packages.ts";
import {
  anyMessage,
  bytesOf,
  DOMAIN,
  newSigning,
  pythonVerdicts,
  type Signing,
  signedMessage,
  verdicts,
} from "./signed.ts";

const AT = 1_738_908_434_000;
/** Messages of each kind that are signed and judged. */
const MESSAGES = 150;

const absent = await missing("dkim");
let signing: Signing;
beforeAll(async () => {
  signing = await newSigning();
});

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

describe("dkimFields", () => {
  it("makes signatures that mailauth accepts, RSA and Ed25519, on any message", async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, async (one) => {
        expect(await verdicts(await signedMessage(bytesOf(one), signing), signing)).toEqual([
          "pass",
          "pass",
        ]);
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
        expect(await verdicts(await signedMessage(chunks, signing), signing)).toEqual([
          "pass",
          "pass",
        ]);
      }),
      { numRuns: MESSAGES },
    );
  });

  it("fails when a field is added, changed or removed, or the body changes", async () => {
    const message = (await signedMessage(bytesOf(SAMPLE), signing)).toString("latin1");
    const changed = [
      `Subject: another\r\n${message}`,
      `List-Unsubscribe: <https://evil.test/>\r\n${message}`,
      message.replace("sender@", "boss@"),
      message.replace(/\r\nDate: [^\r]*/, ""),
      `${message}more\r\n`,
    ];
    for (const one of changed) {
      const results = await verdicts(Buffer.from(one, "latin1"), signing);
      expect(results.filter((result) => result.startsWith("pass"))).toEqual([]);
    }
  });

  it("gives the same bytes each time, in lines of at most 78 octets", async () => {
    const bytes = bytesOf(SAMPLE);
    const first = await dkimFields(bytes, signing.signers, AT);
    expect(await dkimFields(bytes, signing.signers, AT)).toEqual(first);
    const lines = first.join("").split("\r\n");
    expect(lines.filter((one) => one.length > 78)).toEqual([]);
  });

  const named = `makes signatures that python3-dkim accepts${absent === null ? "" : `: ${absent}`}`;
  it.skipIf(absent !== null)(named, async () => {
    const samples = fc.sample(anyMessage, MESSAGES);
    const messages = await Promise.all(samples.map((one) => signedMessage(bytesOf(one), signing)));
    expect(pythonVerdicts(messages, signing).map(([rsa]) => rsa)).toEqual(messages.map(() => true));
  });
});
