// Imports of contacts from CSV: what a file's columns mean, how far one is, and its limits (F-213). Pure.

/**
 * `uploaded`: the file is here and nobody said what its columns mean. `checking` reads all of it and writes
 * nothing, `checked` is the end of that; `importing` writes.
 */
export const IMPORT_STATES = [
  "uploaded",
  "checking",
  "checked",
  "importing",
  "done",
  "failed",
  "cancelled",
] as const;
export type ImportState = (typeof IMPORT_STATES)[number];

/** Bytes of a file: what Cloudflare lets through in one request, less some room. */
export const MAX_IMPORT_BYTES = 95 * 1024 * 1024;

/** Imports that wait, run or were finished lately. */
export const MAX_LIVING_IMPORTS = 50;

/** So long an import can be looked at after it was uploaded, and its file is kept until it is done. */
export const IMPORT_DAYS = 7;
export const IMPORT_LIFE_MS = IMPORT_DAYS * 24 * 60 * 60 * 1000;

/** Columns of a file, and characters of the name of one. */
export const MAX_COLUMNS = 100;
export const MAX_COLUMN_NAME = 200;

/** Refused rows that an import itself tells; the file of errors has more. */
export const FIRST_ERRORS = 20;

/** Refused rows that the file of errors has; the others are counted. */
export const MAX_ERRORS = 100_000;

/** Where a cell goes. */
export type ImportTarget =
  | { readonly kind: "email" }
  | { readonly kind: "first_name" }
  | { readonly kind: "last_name" }
  | { readonly kind: "custom_field"; readonly name: string };

/** What stands before the name of a custom field, in a target as text. */
const CUSTOM_FIELD = "custom_fields.";

/** A target as text: `email`, `first_name`, `last_name`, `custom_fields.<name>`; null for anything else. */
export function targetOf(text: string): ImportTarget | null {
  if (text === "email" || text === "first_name" || text === "last_name") return { kind: text };
  const name = text.startsWith(CUSTOM_FIELD) ? text.slice(CUSTOM_FIELD.length) : "";
  return name === "" ? null : { kind: "custom_field", name };
}

/** The targets of the columns, in their order; null leaves a column out. */
export type ImportColumns = readonly (string | null)[];

/** Names that columns have in files made elsewhere, without case, spaces, `-` and `_`. */
const KNOWN_NAMES: ReadonlyMap<string, string> = new Map([
  ["email", "email"],
  ["emailaddress", "email"],
  ["mail", "email"],
  ["subscriber", "email"],
  ["firstname", "first_name"],
  ["givenname", "first_name"],
  ["fname", "first_name"],
  ["lastname", "last_name"],
  ["surname", "last_name"],
  ["familyname", "last_name"],
  ["lname", "last_name"],
]);

/** What the columns of a file seem to mean: the first of each name counts. */
export function guessColumns(
  header: readonly string[],
  customFields: readonly string[],
): ImportColumns {
  const fields = new Map(customFields.map((name) => [plain(name), CUSTOM_FIELD + name]));
  const taken = new Set<string>();
  return header.map((name) => {
    const target = KNOWN_NAMES.get(plain(name)) ?? fields.get(plain(name)) ?? null;
    if (target === null || taken.has(target)) return null;
    taken.add(target);
    return target;
  });
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]/g, "");
}

/** What an import does with the rows. */
export type ImportSettings = {
  /** `lists.id`. */
  readonly listId: number;
  readonly columns: ImportColumns;
  /** Whether what the file says of a contact that exists already is taken over. */
  readonly updateContacts: boolean;
  /** `tags.id` of every contact of the file. */
  readonly tagIds: readonly number[];
};

/** Where the reading stands: bytes of the file, and the line there. */
export type ImportPlace = { readonly offset: number; readonly line: number };

/** What the rows came to so far. */
export type ImportCounts = {
  readonly rows: number;
  /** Contacts that did not exist. */
  readonly added: number;
  /** Contacts that existed. */
  readonly existing: number;
  readonly refused: number;
};

/** A row that was refused. */
export type ImportError = {
  readonly line: number;
  readonly reason: string;
  readonly cells: readonly string[];
};

/** An import and how far it is. Times are epoch milliseconds. */
export type Import = {
  readonly id: string;
  /** The API key that uploaded the file. */
  readonly keyId: string;
  readonly state: ImportState;
  /** R2 object of the file; null when it is gone. */
  readonly objectKey: string | null;
  readonly bytes: number;
  /** The names of the columns. */
  readonly header: readonly string[];
  /** Where the first row is. */
  readonly start: ImportPlace;
  readonly settings: ImportSettings | null;
  readonly place: ImportPlace;
  readonly counts: ImportCounts;
  /** The first refused rows, at most FIRST_ERRORS. */
  readonly errors: readonly ImportError[];
  /** Why it failed. */
  readonly error: string | null;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly expiresAt: number;
};

/** How much of the file is read, 0…1. */
export function progressOf({ state, bytes, place }: Import): number {
  if (state === "done" || state === "checked") return 1;
  if (state === "uploaded") return 0;
  return Math.round((place.offset / Math.max(bytes, 1)) * 1000) / 1000;
}
