// The gateway's log: one JSON line per event on standard output, with its time. Never a password, a
// secret, a body or an address of a recipient; the type has no room for anything but short values.
import type { Log } from "../src/lib/log.ts";

/** The longest text value of a field; more is of no use to a reader and may be hostile. */
const MAX_FIELD = 500;

/** Writes each event as one line; JSON escapes line breaks, so a stranger's text cannot start a second one. */
export function jsonLog(write: (line: string) => void): Log {
  return (level, event, fields = {}) => {
    const bounded = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? value.slice(0, MAX_FIELD) : value,
    ]);
    const at = new Date().toISOString();
    write(`${JSON.stringify({ at, level, event, ...Object.fromEntries(bounded) })}\n`);
  };
}
