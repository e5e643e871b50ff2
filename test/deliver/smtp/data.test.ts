import * as fc from "fast-check";
import { expect, it } from "vitest";

import { BLOCK_BYTES, dataBlocks } from "../../../src/deliver/smtp/data.ts";
import { bytesOf } from "../../peers/client.ts";
import { ignore, mail, opened, summary, withPeer } from "./session-cases.ts";

const NO_TAIL = new Uint8Array(0);
/** Small, so that borders of the buffer fall everywhere. */
const SMALL = 16;

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function bytesFrom(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** All that goes on the wire, as Latin-1 text. */
function wire(content: readonly Uint8Array[], buffer?: Uint8Array, tail = NO_TAIL): string {
  let text = "";
  for (const block of dataBlocks(content, tail, buffer)) text += latin1(block.bytes);
  return text;
}

/** What the message must become: CRLF line ends only, and one at the end. */
function normalised(text: string): string {
  const lines = text.replaceAll(/\r\n|\r|\n/gu, "\r\n");
  return lines === "" || lines.endsWith("\r\n") ? lines : `${lines}\r\n`;
}

/** What a receiver keeps (RFC 5321 §4.5.2). */
function unstuffed(text: string): string {
  return text.replaceAll(/(?<start>^|\r\n)\./gu, "$<start>");
}

/** Texts full of what matters, cut into chunks anywhere. */
const messages = fc.array(
  fc
    .array(fc.constantFrom("\r", "\n", ".", "\r\n", "\r\n.", "a", "\0", "\u00ff", "long text"), {
      maxLength: 30,
    })
    .map((parts) => parts.join("")),
  { maxLength: 6 },
);

it("gives every receiver the message in CRLF lines, and nothing else", () => {
  fc.assert(
    fc.property(messages, fc.integer({ min: SMALL, max: 64 }), (chunks, size) => {
      const text = wire(chunks.map(bytesFrom), new Uint8Array(size));
      expect(text.endsWith(".\r\n")).toBe(true);
      expect(unstuffed(text.slice(0, -3))).toBe(normalised(chunks.join("")));
    }),
    { numRuns: 2_000 },
  );
});

it("lets no message end itself: one end of data, no bare CR, no bare LF", () => {
  fc.assert(
    fc.property(messages, fc.integer({ min: SMALL, max: 64 }), (chunks, size) => {
      const text = `\r\n${wire(chunks.map(bytesFrom), new Uint8Array(size))}`;
      expect(text.indexOf("\r\n.\r\n")).toBe(text.length - 5);
      expect(text).not.toMatch(/(?:^|[^\r])\n|\r(?!\n)/u);
    }),
    { numRuns: 2_000 },
  );
});

it("does the same to any bytes", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (chunks) => {
      const text = wire(chunks, new Uint8Array(32));
      expect(unstuffed(text.slice(0, -3))).toBe(normalised(chunks.map(latin1).join("")));
    }),
  );
});

it("puts the tail behind the end, in the block that is marked last", () => {
  const tail = bytesFrom("MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n");
  fc.assert(
    fc.property(messages, fc.integer({ min: SMALL, max: 128 }), (chunks, size) => {
      const content = chunks.map(bytesFrom);
      const blocks: { text: string; last: boolean }[] = [];
      for (const { bytes, last } of dataBlocks(content, tail, new Uint8Array(size))) {
        blocks.push({ text: latin1(bytes), last });
      }
      expect(blocks.map(({ last }) => last)).toEqual(blocks.map((_, i) => i === blocks.length - 1));
      expect(blocks.at(-1)?.text.endsWith(`.\r\n${latin1(tail)}`)).toBe(true);
      expect(blocks.map(({ text }) => text).join("")).toBe(wire(content) + latin1(tail));
    }),
  );
});

it.for([
  ["", ".\r\n"],
  ["a", "a\r\n.\r\n"],
  ["a\r\n", "a\r\n.\r\n"],
  [".", "..\r\n.\r\n"],
  [".\r\n", "..\r\n.\r\n"],
  ["..a\r\n.b", "...a\r\n..b\r\n.\r\n"],
  ["a\r", "a\r\n.\r\n"],
  ["a\n.\n", "a\r\n..\r\n.\r\n"],
  ["a\r\r\n", "a\r\n\r\n.\r\n"],
  ["a.b.", "a.b.\r\n.\r\n"],
] as const)("sends %j as %j", ([text, expected]) => {
  expect(wire([bytesFrom(text)])).toBe(expected);
  expect(wire(Array.from(text, bytesFrom))).toBe(expected);
});

it("never holds more than one block of a 25 MB message", () => {
  const chunk = new Uint8Array(25_000_000).fill(120);
  let total = 0;
  for (const block of dataBlocks([chunk], NO_TAIL)) {
    expect(block.bytes.buffer.byteLength).toBeLessThanOrEqual(BLOCK_BYTES);
    total += block.bytes.length;
  }
  expect(total).toBe(chunk.length + 5);
});

// Every end of data that some server has taken for one: a dot between two of these, but the right one.
const BORDERS = { CRLF: "\r\n", LF: "\n", CR: "\r", NUL: "\0", none: "" } as const;
const FORMS = Object.entries(BORDERS).flatMap(([left, before]) =>
  Object.entries(BORDERS)
    .filter(([right]) => left !== "CRLF" || right !== "CRLF")
    .map(([right, after]) => ({ form: `${left} . ${right}`, bytes: `${before}.${after}` })),
);

it("delivers each of the 24 smuggled ends of data as part of one message", async () => {
  expect(FORMS).toHaveLength(24);
  await withPeer({}, async (peer) => {
    const session = await opened(peer);
    const smuggled = "MAIL FROM:<evil@peer.test>\r\nRCPT TO:<victim@peer.test>\r\nDATA\r\nevil\r\n";
    const texts = FORMS.map(({ form, bytes }) => `Subject: ${form}\r\n\r\nbody${bytes}${smuggled}`);
    const all = texts.map((text) => mail("a@peer.test", { content: [bytesFrom(text)] }));
    for (const [i, tx] of all.entries()) {
      const ending = await session.send(tx, () => all[i + 1] ?? "quit", ignore);
      expect(summary(ending)).toBe("accepted 250");
    }
    const log = await peer.log();
    const seen = log.messages.map(({ content }) => latin1(bytesOf(content)));
    expect(seen).toEqual(texts.map(normalised));
    expect([log.bareLf, log.bareCr]).toEqual([0, 0]);
    expect(log.lines.filter(({ text }) => text.includes("evil"))).toEqual([]);
  });
});
