// CSV out of bytes in UTF-8 that come in pieces, with the place of each record in the bytes: whoever stops
// behind one can go on there.
import { csvReader, type CsvRecord } from "./csv.ts";

/** Where reading begins: a byte of the file, and its line. */
export type BytePlace = { readonly offset: number; readonly line: number };

/** A record whose cells are text; `end.offset` counts bytes of the file. A cell that is no UTF-8 is a fault. */
export type ByteRecord = CsvRecord;

const NO_UTF8 = "has characters that are not UTF-8: save the file as UTF-8";

/** Bytes that mark UTF-8 at the beginning of a file. */
const BOM = "\u00ef\u00bb\u00bf";

/** The byte before the place tells whether a LF there belongs to a line break that began before. */
export const LEAD_BYTES = 1;

/**
 * The records of a file from `place` on, some at a time. `bytes` begin LEAD_BYTES before the place, or at the
 * place when it is 0.
 */
export async function* byteRecords(
  bytes: AsyncIterable<Uint8Array>,
  place: BytePlace,
): AsyncGenerator<readonly ByteRecord[], void> {
  const lead = Math.min(place.offset, LEAD_BYTES);
  let skipped = "";
  let reader: ReturnType<typeof csvReader> | null = null;
  let base = place.offset;
  const begin = () => csvReader({ line: place.line, afterCr: skipped.endsWith("\r") });
  const told = (records: readonly CsvRecord[]) => records.map((record) => decoded(record, base));
  for await (const piece of bytes) {
    // One unit a byte: what CSV is made of is ASCII, and UTF-8 uses those bytes for nothing else.
    let text = latin1(piece);
    if (!reader) {
      skipped += text;
      const mark = place.offset === 0 ? BOM.length : lead;
      if (skipped.length < mark) continue;
      const head = place.offset === 0 && !skipped.startsWith(BOM) ? 0 : mark;
      text = skipped.slice(head);
      skipped = skipped.slice(0, head);
      if (place.offset === 0) base = head;
      reader = begin();
    }
    const records = reader.push(text);
    if (records.length > 0) yield told(records);
  }
  if (!reader) {
    // Shorter than the mark: all there is.
    reader = begin();
    const records = reader.push(skipped.slice(lead));
    if (records.length > 0) yield told(records);
  }
  yield told(reader.end());
}

/** Bytes as text of one unit each. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += UNITS) {
    text += String.fromCharCode(...bytes.subarray(at, at + UNITS));
  }
  return text;
}

/** Arguments of one call: engines allow at least 65,535. */
const UNITS = 8_192;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decoded(record: CsvRecord, base: number): ByteRecord {
  const end = { ...record.end, offset: record.end.offset + base };
  if ("fault" in record) return { ...record, end };
  try {
    return { ...record, end, cells: record.cells.map(utf8) };
  } catch {
    return { line: record.line, end, fault: NO_UTF8 };
  }
}

/** The text whose bytes these units are. Throws when they are no UTF-8. */
function utf8(units: string): string {
  if (!/[\u0080-\u00ff]/.test(units)) return units;
  return strict.decode(Uint8Array.from(units, (unit) => unit.charCodeAt(0)));
}
