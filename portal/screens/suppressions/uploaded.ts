// What became of the rows of an upload, as POST /v1/suppressions/bulk?results=rows tells it, a line for each. Pure.

/** One line: of a row; or the last one, with how many there were, or what ended the upload. */
export type Line =
  | {
      readonly line: number;
      readonly result: "added" | "already_there";
      readonly entry: string;
      readonly scope: string;
    }
  | { readonly line: number; readonly result: "refused"; readonly reason: string }
  | { readonly rows: number }
  | { readonly error: { readonly message: string } };

/** What an upload came to so far. */
export type Uploaded = {
  readonly added: number;
  readonly there: number;
  readonly refused: number;
  /** The first that were refused, in words. */
  readonly errors: readonly string[];
  /** What ended it before its end; null: nothing. */
  readonly failure: string | null;
};

export const NOTHING: Uploaded = { added: 0, there: 0, refused: 0, errors: [], failure: null };

/** Refused rows that are listed; the file has all. */
const MOST_ERRORS = 100;

/** What it came to with another line. */
export function tallied(before: Uploaded, line: Line): Uploaded {
  if ("error" in line) return { ...before, failure: line.error.message };
  if (!("result" in line)) return before;
  if (line.result === "added") return { ...before, added: before.added + 1 };
  if (line.result !== "refused") return { ...before, there: before.there + 1 };
  const words = `Line ${line.line}: ${line.reason}`;
  const errors = before.errors.length < MOST_ERRORS ? [...before.errors, words] : before.errors;
  return { ...before, refused: before.refused + 1, errors };
}

const HEADER = ["line", "result", "entry", "scope", "reason"];

/** What became of each row, as rows of a file. */
export function fileRows(lines: readonly Line[]): readonly (readonly string[])[] {
  const rows = lines.flatMap((line) => {
    if (!("result" in line)) return [];
    const at = [String(line.line), line.result];
    return line.result === "refused"
      ? [[...at, "", "", line.reason]]
      : [[...at, line.entry, line.scope, ""]];
  });
  return [HEADER, ...rows];
}
