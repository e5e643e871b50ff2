// CSV (RFC 4180): records out of pieces of text within a bound of memory, and cells that no spreadsheet
// takes for a formula. Knows nothing of what the cells mean.

/** A record, or why there is none, at its first line (from 1). */
export type CsvRecord = { readonly line: number; readonly end: CsvEnd } & (
  | { readonly cells: readonly string[] }
  | { readonly fault: string }
);

/** Where what follows a record begins: after so many UTF-16 units of the reader's, in this line. */
export type CsvEnd = { readonly offset: number; readonly line: number };

/** Where a reader begins that goes on with a text. */
export type CsvPlace = {
  readonly line: number;
  /** What stands before is CR: a LF that comes first belongs to that line break. */
  readonly afterCr: boolean;
};

/** Reads records from text that comes in pieces. */
export type CsvReader = {
  /** The records that end in this piece. */
  readonly push: (text: string) => readonly CsvRecord[];
  /** The last record, when no line break ended it. */
  readonly end: () => readonly CsvRecord[];
};

/** UTF-16 units of one record, quotes included; the longest that the reader ever holds. */
const MAX_RECORD = 16 * 1024;

/**
 * A reader of records; lines end in CRLF, LF or CR, empty ones are passed over. A record that is too
 * long, or whose quotes are wrong, is a fault; reading goes on at the next line.
 */
export function csvReader(place: CsvPlace = { line: 1, afterCr: false }): CsvReader {
  let { line, afterCr } = place;
  let state: State = begin(line);
  let taken = 0;
  let found: Found[] = [];

  /** Ends the record and begins the next. */
  function finish(offset: number): void {
    const record = recordOf(state, { offset, line });
    if (record) found.push(record);
    state = begin(line);
  }

  function lineBreak(character: string, end: number): void {
    const ofSameBreak = character === "\n" && afterCr;
    afterCr = character === "\r";
    if (!ofSameBreak) line += 1;
    const last = found.at(-1);
    if (state.place === "quoted") take(state, character);
    else if (!ofSameBreak) finish(end);
    else if (last?.end.offset === end - 1) last.end = { offset: end, line };
  }

  return {
    push(text) {
      let at = 0;
      while (at < text.length) {
        const run = plainRun(state, text, at);
        if (run !== "") {
          take(state, run);
          afterCr = false;
          at += run.length;
          continue;
        }
        const character = text.charAt(at);
        at += 1;
        if (character === "\n" || character === "\r") lineBreak(character, taken + at);
        else {
          afterCr = false;
          step(state, character);
        }
      }
      taken += text.length;
      const records = found;
      found = [];
      return records;
    },
    end() {
      if (state.place === "quoted") state.fault = NOT_CLOSED;
      finish(taken);
      return found;
    },
  };
}

const TOO_LONG = `is longer than ${MAX_RECORD} characters`;
const NOT_CLOSED = "has a quote that is never closed";
const STRAY_QUOTE = 'has a quote inside a cell: put the cell in quotes and write "" for each quote';

type State = {
  readonly line: number;
  readonly cells: string[];
  cell: string;
  length: number;
  /** Where the next character stands: `lost` after a fault, until the line ends. */
  place: "start" | "bare" | "quoted" | "closed" | "lost";
  fault: string | null;
};

function begin(line: number): State {
  return { line, cells: [], cell: "", length: 0, place: "start", fault: null };
}

/** A record whose end may still take in the second half of its line break. */
type Found = CsvRecord & { end: CsvEnd };

function recordOf(state: State, end: CsvEnd): Found | null {
  const { line, cells, cell, place, fault } = state;
  if (fault !== null) return { line, end, fault };
  const empty = cells.length === 0 && place === "start";
  return empty ? null : { line, end, cells: [...cells, cell] };
}

function lose(state: State, fault: string): void {
  state.fault = fault;
  state.place = "lost";
  state.cell = "";
  state.cells.length = 0;
}

/** Characters that mean something in each place; a closed quote has to be looked at one by one. */
const SPECIAL = {
  start: /[",\r\n]/g,
  bare: /[",\r\n]/g,
  quoted: /["\r\n]/g,
  lost: /[\r\n]/g,
} as const;

/** What begins here and has no special character. */
function plainRun({ place }: State, text: string, from: number): string {
  if (place === "closed") return "";
  const special = SPECIAL[place];
  special.lastIndex = from;
  return text.slice(from, special.exec(text)?.index ?? text.length);
}

/** Adds characters to the cell. */
function take(state: State, characters: string): void {
  if (state.place === "lost") return;
  if (state.place === "start") state.place = "bare";
  state.cell += characters;
  state.length += characters.length;
  if (state.length > MAX_RECORD) lose(state, state.place === "quoted" ? NOT_CLOSED : TOO_LONG);
}

/** One character that a cell may not hold as it is, and no line break. */
function step(state: State, character: string): void {
  switch (state.place) {
    case "lost":
      return;
    case "quoted":
      state.place = "closed";
      return;
    case "closed":
      if (character === ",") nextCell(state);
      else if (character === '"') {
        state.place = "quoted";
        take(state, character);
      } else lose(state, STRAY_QUOTE);
      return;
    case "start":
    case "bare":
      if (character === ",") nextCell(state);
      else if (state.place === "start") state.place = "quoted";
      else lose(state, STRAY_QUOTE);
  }
}

function nextCell(state: State): void {
  state.cells.push(state.cell);
  state.cell = "";
  state.place = "start";
  state.length += 1;
  if (state.length > MAX_RECORD) lose(state, TOO_LONG);
}

/** One line of CSV with its CRLF; cells that begin like a formula are guarded. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => quoted(guardFormula(cell))).join(",")}\r\n`;
}

function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** What spreadsheets take for the beginning of a formula, full-width forms too, behind spaces or quotes. */
const FORMULA = /^[\s']*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** A cell that no spreadsheet evaluates: one that begins like a formula gets an apostrophe before it. */
export function guardFormula(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

/** The cell that was guarded. */
export function unguardFormula(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
