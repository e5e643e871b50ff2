// Any foreign message keeps every byte outside of the HTML that is written anew; and that says the same.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compose } from "../../src/compose/compose.ts";
import { concat, fromUtf8, hex, utf8 } from "../../src/lib/bytes.ts";
import type { Links } from "../../src/model/link.ts";
import type { RawContent, RawMessage } from "../../src/model/message.ts";
import { allParts, parseStructure, type Part } from "../../src/model/mime/structure.ts";
import { decodeTransfer } from "../../src/model/mime/transfer.ts";
import { type Sample, sampleArbitrary } from "../model/mime/arbitrary.ts";
import { testLinks } from "../support/tracking.ts";
import { MESSAGE, TO } from "./sample.ts";

const IDS = "Date: x\r\nMessage-ID: <y>\r\n";
const PIXEL = /<img src="https:\/\/mail\.edgepost\.test\/o\/[\w-]+\.gif" width="1" [^>]+>/;

async function bytesOf(content: RawContent, links: Links | null = testLinks()) {
  return concat((await compose(MESSAGE, [TO], content, 0, links)).content);
}

function contentOf(raw: RawMessage): RawContent {
  const from = { address: "a@edgepost.test", name: "" };
  return { from, subject: "", raw, tracking: { opens: true, clicks: true } };
}

/** The bytes of a message outside of its open HTML parts, and these decoded. */
function taken({ header, body }: RawMessage) {
  const root = parseStructure({ header, body });
  if (!root.ok) throw new Error(root.error.reason);
  const html = allParts(root.value).filter((part) => part.type === "text/html");
  let at = 0;
  const kept: Uint8Array[] = [header];
  for (const { bodyStart, bodyEnd } of html) {
    kept.push(body.subarray(at, bodyStart));
    at = bodyEnd;
  }
  kept.push(body.subarray(at));
  const octets = (part: Part) =>
    decodeTransfer(body.subarray(part.bodyStart, part.bodyEnd), part.encoding);
  return { kept: hex(concat(kept)), html: html.map((part) => fromUtf8(octets(part))) };
}

/** The header and the body of a composed message. */
function split(bytes: Uint8Array): RawMessage {
  const end = fromUtf8(bytes).indexOf("\r\n\r\n");
  return { header: bytes.subarray(0, end + 2), body: bytes.subarray(end + 4) };
}

describe("any message", () => {
  const given = ({ message }: Sample): RawContent =>
    contentOf({ ...message, header: concat([utf8(IDS), message.header]) });

  it("is the same bytes where nothing is tracked", async () => {
    await fc.assert(
      fc.asyncProperty(sampleArbitrary, async (sample) => {
        const { raw } = given(sample);
        const bytes = await bytesOf(contentOf(raw), null);
        expect(hex(bytes)).toBe(hex(concat([raw.header, utf8("\r\n"), raw.body])));
      }),
      { numRuns: 60 },
    );
  });

  it("is the same bytes outside of its HTML, which says the same and a pixel", async () => {
    await fc.assert(
      fc.asyncProperty(sampleArbitrary, async (sample) => {
        const content = given(sample);
        const before = taken(content.raw);
        const after = taken(split(await bytesOf(content)));
        expect(after.kept).toBe(before.kept);
        const bare = (html: string) => html.replace(PIXEL, "").replace(/(?:\r\n)+$/, "");
        expect(after.html.map(bare)).toEqual(before.html.map(bare));
      }),
      { numRuns: 100 },
    );
  });
});
