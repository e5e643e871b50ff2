// Random MIME messages that are right, with what a reader must find in each: leaves in order, their types,
// encodings and octets.
import fc from "fast-check";
import { concat, toBase64, utf8 } from "../../../src/lib/bytes.ts";
import type { RawMessage } from "../../../src/model/message.ts";

/** A part that holds no others. */
export type Leaf = {
  readonly type: string;
  readonly encoding: "7bit" | "8bit" | "quoted-printable" | "base64";
  /** Decoded. */
  readonly octets: Uint8Array;
  readonly fileName: string | null;
};

/** A part. */
export type Node = Leaf | { readonly type: string; readonly children: readonly Node[] };

/** A message and its leaves, in order. */
export type Sample = { readonly message: RawMessage; readonly leaves: readonly Leaf[] };

/** The leaves below a node, in order. */
export function leavesOf(node: Node): readonly Leaf[] {
  return "children" in node ? node.children.flatMap(leavesOf) : [node];
}

const line = fc.string({
  unit: fc.constantFrom("a", "-", "=", ".", " ", "<", "é", "\t", "b-"),
  maxLength: 12,
});
/** Text in CRLF lines, some of which look like delimiters; no white space at the ends of lines. */
const text = fc
  .array(fc.oneof(line, fc.constantFrom("--", "--B1x", "--B1--x", "-- ", "--B1-", "")), {
    maxLength: 6,
  })
  .map((lines) => lines.map((one) => one.trimEnd()).join("\r\n"));

const textLeaf = fc
  .record({
    type: fc.constantFrom("text/plain", "text/html", "text/calendar"),
    encoding: fc.constantFrom("8bit", "quoted-printable", "base64"),
    text,
  })
  .map(({ type, encoding, text }): Leaf => ({
    type,
    encoding,
    octets: utf8(text),
    fileName: null,
  }));

const fileLeaf = fc
  .record({ octets: fc.uint8Array({ maxLength: 90 }), name: fc.constantFrom("a.pdf", "ä b.png") })
  .map(({ octets, name }): Leaf => ({
    type: "application/octet-stream",
    encoding: "base64",
    octets,
    fileName: name,
  }));

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    textLeaf,
    fileLeaf,
    fc.record({
      type: fc.constantFrom("multipart/mixed", "multipart/alternative", "multipart/related"),
      children: fc.array(tie("node"), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));

/** Any such message. */
export const sampleArbitrary: fc.Arbitrary<Sample> = node.map((root) => ({
  message: written(root),
  leaves: leavesOf(root),
}));

/** Writes a root and its header. */
export function written(
  root: Node,
  fields = "From: a@edgepost.test\r\nMIME-Version: 1.0\r\n",
): RawMessage {
  const counter = { boundaries: 0 };
  const { header, body } = part(root, counter);
  return { header: utf8(fields + header), body: concat([body, utf8("\r\n")]) };
}

function part(node: Node, counter: { boundaries: number }): { header: string; body: Uint8Array } {
  if (!("children" in node)) return { header: leafHeader(node), body: utf8(encoded(node)) };
  const boundary = `B${++counter.boundaries}`;
  const children = node.children.map((child) => part(child, counter));
  const chunks = children.flatMap(({ header, body }, index) => [
    utf8(
      `${index === 0 ? "" : "\r\n"}--${boundary}${index % 2 === 0 ? "" : " \t"}\r\n${header}\r\n`,
    ),
    body,
  ]);
  return {
    header: `Content-Type: ${node.type};\r\n\tboundary="${boundary}"\r\n`,
    body: concat([utf8("preamble\r\n"), ...chunks, utf8(`\r\n--${boundary}--\r\nepilogue`)]),
  };
}

function leafHeader({ type, encoding, fileName }: Leaf): string {
  const charset = type.startsWith("text/") ? "; charset=utf-8" : "";
  const disposition =
    fileName === null
      ? ""
      : `Content-Disposition: attachment; filename*=utf-8''${encodeURIComponent(fileName)}\r\n`;
  return `Content-Type: ${type}${charset}\r\nContent-Transfer-Encoding: ${encoding}\r\n${disposition}`;
}

function encoded({ encoding, octets }: Leaf): string {
  if (encoding === "base64") return toBase64(octets).replace(/.{76}(?=.)/g, "$&\r\n");
  const text = new TextDecoder().decode(octets);
  if (encoding !== "quoted-printable") return text;
  return text.replace(/[^\r\n -<>-~]/g, (character) =>
    Array.from(
      utf8(character),
      (octet) => `=${octet.toString(16).toUpperCase().padStart(2, "0")}`,
    ).join(""),
  );
}
