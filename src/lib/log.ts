// One structured line per event. Never a body, a key, a password or a list of addresses.

/** Values a log line may carry: ids, names, numbers. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Writes one JSON line; JSON escapes line breaks, so a stranger's text cannot start a second one. */
export type Log = (level: "info" | "warn" | "error", event: string, fields?: LogFields) => void;

/** The longest text value of a field; more is of no use to a reader and may be hostile. */
const MAX_FIELD = 500;

/** The log of the platform: one line to the console. */
export const consoleLog: Log = (level, event, fields = {}) => {
  const bounded = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === "string" ? value.slice(0, MAX_FIELD) : value,
  ]);
  console[level](JSON.stringify({ level, event, ...Object.fromEntries(bounded) }));
};

/** What an error says, without its stack. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
