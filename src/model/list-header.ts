// Header fields that a list adds to all of its mail: a text of lines (contract 3.2, F-208). Pure.
import { fail, ok, type Result } from "../lib/result.ts";
import { headerTextFault, MAX_OWN_HEADERS } from "./header.ts";

/** A field and its value. */
export type ListHeader = readonly [name: string, value: string];

const MAX_LINE_LENGTH = 900;
const NAME = /^x-[a-z0-9-]{1,68}$/i;
/** Others that may be set; their grammar is ASCII. */
const STRUCTURED = ["list-help", "cfbl-address", "cfbl-feedback-id", "bimi-selector"];

/** Reads custom headers, one on each line; empty lines are none. The error says what would be right. */
export function parseListHeaders(text: string): Result<readonly ListHeader[], string> {
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  if (lines.length > MAX_OWN_HEADERS) return fail(`must be at most ${MAX_OWN_HEADERS} lines`);
  const headers: ListHeader[] = [];
  for (const line of lines) {
    const header = parseLine(line);
    if (!header.ok) return header;
    headers.push(header.value);
  }
  return ok(headers);
}

function parseLine(line: string): Result<ListHeader, string> {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1).trim();
  const structured = STRUCTURED.includes(name.toLowerCase());
  if (colon < 0) return fail("must have one header on each line, such as X-Foo: bar");
  if (!structured && !NAME.test(name)) {
    return fail(
      "must name headers X-…, List-Help, CFBL-Address, CFBL-Feedback-ID or BIMI-Selector only",
    );
  }
  if (value === "") return fail("must give each header a value");
  if (line.length > MAX_LINE_LENGTH) {
    return fail(`must have at most ${MAX_LINE_LENGTH} characters on each line`);
  }
  if (structured && !/^[\x20-\x7e]*$/.test(value)) {
    return fail(`must be printable ASCII in ${name}`);
  }
  const fault = headerTextFault(value);
  return fault ? fail(`${fault} in ${name}`) : ok([name, value]);
}
