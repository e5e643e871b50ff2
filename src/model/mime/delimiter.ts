// The lines that part the bodies of multiparts (RFC 2046 §5.1.1), looked for among all multiparts that are
// open at a place: a delimiter of an outer one ends the inner ones too.
import { LF } from "./lines.ts";

/** Where an entity ends. */
export type Stop = {
  /** Where the delimiter's line begins; the end of the bytes when there is none. */
  readonly line: number;
  /** After that line. */
  readonly next: number;
  /** Which of the open multiparts it belongs to, from 0 outside; -1 at the end of the bytes. */
  readonly level: number;
  /** It is the close-delimiter, behind which there are no more parts. */
  readonly last: boolean;
};

const DASH = 45;

/** The first delimiter of an open multipart from a line on; `open` holds their boundaries, outermost first. */
export function nextDelimiter(bytes: Uint8Array, open: readonly Uint8Array[], from: number): Stop {
  for (let line = from; line < bytes.length;) {
    const found = delimiterAt(bytes, open, line);
    if (found) return found;
    const lf = bytes.indexOf(LF, line);
    if (lf < 0) break;
    line = lf + 1;
  }
  return { line: bytes.length, next: bytes.length, level: -1, last: true };
}

/** The delimiter that a line is, or null. */
export function delimiterAt(
  bytes: Uint8Array,
  open: readonly Uint8Array[],
  line: number,
): Stop | null {
  if (bytes[line] !== DASH || bytes[line + 1] !== DASH) return null;
  for (let level = open.length - 1; level >= 0; level--) {
    const boundary = open[level];
    if (!boundary || !startsWith(bytes, boundary, line + 2)) continue;
    const after = line + 2 + boundary.length;
    const last = bytes[after] === DASH && bytes[after + 1] === DASH;
    const next = endOfLine(bytes, last ? after + 2 : after);
    if (next !== null) return { line, next, level, last };
  }
  return null;
}

function startsWith(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[at + index] !== wanted[index]) return false;
  }
  return true;
}

/** Where the next line begins, when nothing but white space stands before it; else null. */
function endOfLine(bytes: Uint8Array, from: number): number | null {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at += 1;
  if (at >= bytes.length) return bytes.length;
  return bytes[at] === 0x0d && bytes[at + 1] === LF ? at + 2 : null;
}
