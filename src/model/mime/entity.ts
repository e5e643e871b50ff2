// A whole message as its receivers judge it: its header, the texts that a reader sees, its line ends and
// lengths. Only the first megabytes, where the texts stand, are put together; attachments are passed over.
import { concat } from "../../lib/bytes.ts";
import type { Result } from "../../lib/result.ts";
import { decodeText } from "./charset.ts";
import { type Header, splitHeader } from "./fields.ts";
import { CR, LF } from "./lines.ts";
import { roleOf } from "./part-role.ts";
import { allParts, type Part, parseStructure } from "./structure.ts";
import { decodeTransfer } from "./transfer.ts";

/** A text that a reader sees. */
export type TextPart = {
  readonly type: "text/plain" | "text/html";
  readonly text: string;
  /** Octets of the text after its transfer encoding is undone. */
  readonly bytes: number;
};

/** What the lines of a message are like. */
export type Lines = {
  /** Octets of the message. */
  readonly size: number;
  /** Octets of its longest line, without its line end. */
  readonly longestLine: number;
  /** Lines with a CR or an LF that is not part of a CRLF. */
  readonly bareLineEnds: number;
};

/** What stands in a message. */
export type Entity = Lines & {
  /** The fields of the message itself; the error says why they cannot be read. */
  readonly header: Result<Header, string>;
  readonly texts: readonly TextPart[];
};

/** Octets that texts are looked for in: 5 MB of HTML in quoted-printable are at most three times as many. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/** Reads a message. */
export function readEntity(chunks: readonly Uint8Array[]): Entity {
  const bytes = beginning(chunks);
  const header = splitHeader(bytes, 0, bytes.length);
  const texts = header.ok ? textsOf(bytes, header.value.bodyStart) : [];
  return { header, texts, ...measureLines(chunks) };
}

/** As many whole lines as are read. */
function beginning(chunks: readonly Uint8Array[]): Uint8Array {
  let room = MAX_READ_BYTES;
  const read: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (room > 0) read.push(chunk.subarray(0, room));
    room -= chunk.length;
  }
  const bytes = concat(read);
  return room >= 0 ? bytes : bytes.subarray(0, bytes.lastIndexOf(LF) + 1);
}

/** None of a structure that readers do not agree about. */
function textsOf(message: Uint8Array, bodyStart: number): readonly TextPart[] {
  const body = message.subarray(bodyStart);
  const root = parseStructure({ header: message.subarray(0, bodyStart), body });
  if (!root.ok) return [];
  return allParts(root.value).flatMap((part) => textOf(body, part));
}

function textOf(body: Uint8Array, part: Part): readonly TextPart[] {
  const { type, place, bodyStart, bodyEnd, encoding, parameters } = part;
  const shown = !place.attached && roleOf(part) === "text";
  if (!shown || (type !== "text/plain" && type !== "text/html")) return [];
  const octets = decodeTransfer(body.subarray(bodyStart, bodyEnd), encoding);
  const charset = parameters.get("charset")?.[0] ?? null;
  const text = decodeText(octets, charset)?.text ?? new TextDecoder().decode(octets);
  return [{ type, text, bytes: octets.length }];
}

/** One step an octet, so nothing else happens there. */
function measureLines(chunks: readonly Uint8Array[]): Lines {
  let size = 0;
  let longestLine = 0;
  let bareLineEnds = 0;
  let length = 0;
  let crs = 0;
  let last: number | undefined = 0;
  for (const chunk of chunks) {
    size += chunk.length;
    for (let at = 0; at < chunk.length; at++) {
      const octet = chunk[at];
      length += 1;
      if (octet === CR) crs += 1;
      else if (octet === LF) {
        const isCrlf = last === CR;
        longestLine = Math.max(longestLine, length - (isCrlf ? 2 : 1));
        if (!isCrlf || crs > 1) bareLineEnds += 1;
        length = 0;
        crs = 0;
      }
      last = octet;
    }
  }
  // What follows the last line end.
  if (crs > 0) bareLineEnds += 1;
  return { size, longestLine: Math.max(longestLine, length), bareLineEnds };
}
