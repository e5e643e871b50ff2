// The line ends of a message that somebody else made (RFC 5322 §2.3, RFC 5321 §2.3.8). A bare LF is taken
// for the line end that it was meant to be; a bare CR and a NUL mean something else to everybody who
// reads them, and are refused. Works on the bytes; a message that is right is not copied.
import { fail, ok, type Result } from "../../lib/result.ts";

export const CR = 13;
export const LF = 10;

/** Octets of a line without its CRLF (RFC 5322 §2.1.1). */
export const MAX_LINE_OCTETS = 998;

/** The message with CRLF at the end of every line: the same bytes when it has them; or what is wrong. */
export function withCrlf(bytes: Uint8Array): Result<Uint8Array, string> {
  const nul = bytes.indexOf(0);
  if (nul >= 0) return fail(`holds a NUL octet in line ${lineAt(bytes, nul)}`);
  let bare = 0;
  let cr = bytes.indexOf(CR);
  for (let lf = bytes.indexOf(LF); lf >= 0 || cr >= 0; lf = bytes.indexOf(LF, lf + 1)) {
    // The next CR must be the one that this LF ends.
    if (cr >= 0 && (lf < 0 || cr < lf - 1)) {
      return fail(`holds a CR without LF in line ${lineAt(bytes, cr)}; end lines with CRLF`);
    }
    if (cr === lf - 1 && cr >= 0) cr = bytes.indexOf(CR, lf + 1);
    else bare += 1;
  }
  return ok(bare === 0 ? bytes : completed(bytes, bare));
}

/** The number, from 1, of the line that an octet stands in. */
function lineAt(bytes: Uint8Array, position: number): number {
  let line = 1;
  for (let lf = bytes.indexOf(LF); lf >= 0 && lf < position; lf = bytes.indexOf(LF, lf + 1)) {
    line += 1;
  }
  return line;
}

/** A copy in which every bare LF has its CR. */
function completed(bytes: Uint8Array, bare: number): Uint8Array {
  const whole = new Uint8Array(bytes.length + bare);
  let used = 0;
  let start = 0;
  for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, lf + 1)) {
    if (bytes[lf - 1] === CR) continue;
    whole.set(bytes.subarray(start, lf), used);
    used += lf - start;
    whole[used++] = CR;
    start = lf;
  }
  whole.set(bytes.subarray(start), used);
  return whole;
}

/** Where the line that begins at `start` ends: its CRLF, or the end of the bytes. */
export function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  const lf = bytes.indexOf(LF, start);
  return lf < 0 || lf >= end ? end : Math.max(start, lf - 1);
}
