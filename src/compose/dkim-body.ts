// The relaxed canonical form of a body (RFC 6376 §3.4.4): white space at line ends goes, runs of it become
// one space, empty lines at the end go, and what is left ends with one line end. Pure; never copies the
// whole body.

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;

/** Bytes canonicalised at once. */
const PIECE = 65_536;

/** The canonical body of a message in CRLF lines, piece by piece. */
export function* relaxedBody(body: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  // White space and line ends are held back until something follows them.
  let space = false;
  let lines = 0;
  let any = false;
  for (const bytes of pieces(body)) {
    const out = new Uint8Array(bytes.length + 2 * lines + 1);
    let length = 0;
    for (const byte of bytes) {
      if (byte === SPACE || byte === TAB) {
        space = true;
      } else if (byte === LF) {
        lines += 1;
        space = false;
      } else if (byte !== CR) {
        for (; lines > 0; lines--) {
          out[length++] = CR;
          out[length++] = LF;
        }
        if (space) out[length++] = SPACE;
        space = false;
        any = true;
        out[length++] = byte;
      }
    }
    yield out.subarray(0, length);
  }
  if (any) yield Uint8Array.of(CR, LF);
}

function* pieces(body: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  for (const chunk of body) {
    for (let start = 0; start < chunk.length; start += PIECE) {
      yield chunk.subarray(start, start + PIECE);
    }
  }
}
