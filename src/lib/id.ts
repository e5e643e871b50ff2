// UUIDv7 (RFC 9562 §5.7): ids that sort by the time they were made, and those that one isolate made in
// the same millisecond by their order (§6.2, method 1).
import { hex } from "./bytes.ts";

let lastTime = -1;
let sequence = 0;

/** The 12 bits after the time: random in a new millisecond, leaving room to count up in the same one. */
function nextSequence(now: number, random: number): number {
  sequence = now === lastTime ? (sequence + 1) & 0xfff : random & 0x7ff;
  lastTime = now;
  return sequence;
}

/** A new UUIDv7 for a moment in epoch milliseconds. */
export function uuidv7(now: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(now / 2 ** 32));
  view.setUint32(2, now % 2 ** 32);
  view.setUint16(6, 0x7000 | nextSequence(now, view.getUint16(6)));
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  const text = hex(bytes);
  return [
    text.slice(0, 8),
    text.slice(8, 12),
    text.slice(12, 16),
    text.slice(16, 20),
    text.slice(20),
  ].join("-");
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a text is a UUIDv7 in lower case. */
export function isUuidv7(text: string): boolean {
  return UUID.test(text);
}

/** The moment, in epoch milliseconds, that a UUIDv7 carries. */
export function timeOfUuidv7(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The largest time that fits the 48 bits. */
const MAX_TIME = 2 ** 48 - 1;

/** The smallest id that a UUIDv7 of this moment, epoch milliseconds, can have. */
export function uuidv7Bound(time: number): string {
  const digits = Math.min(Math.max(time, 0), MAX_TIME).toString(16).padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-000000000000`;
}
