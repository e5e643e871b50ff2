// How deep JSON is, from its bytes: what recurses over a parsed value must not find out by itself. The bytes are
// those of JSON that was parsed already; of anything else the answer means nothing.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENS: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSES: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Whether arrays and objects stand in one another more than `limit` times. */
export function isDeeperThan(json: Uint8Array, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) at = endOfString(json, at);
    else if (OPENS.has(byte)) depth += 1;
    else if (CLOSES.has(byte)) depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}

/** Where the quote is that ends a string; `indexOf` passes long ones quickly. */
function endOfString(json: Uint8Array, start: number): number {
  let end = json.indexOf(QUOTE, start + 1);
  while (end >= 0 && isEscaped(json, end)) end = json.indexOf(QUOTE, end + 1);
  return end < 0 ? json.length : end;
}

/** A quote is the string's own behind an odd number of backslashes. */
function isEscaped(json: Uint8Array, quote: number): boolean {
  let first = quote;
  while (json[first - 1] === BACKSLASH) first -= 1;
  return (quote - first) % 2 === 1;
}
