// Entries that stop mail, as GET /v1/suppressions answers them.
export type Suppression = {
  /** An address, `@domain`, or `md5:` and the hash of an address. */
  readonly entry: string;
  readonly scope: string;
  readonly stops: readonly string[];
  readonly reason: string;
  /** The message whose event asked for it. */
  readonly evidence: { readonly message_id: string; readonly text: string } | null;
  readonly created_at: string;
};

/** One entry in two scopes is two entries. Pure. */
export function keyOf({ entry, scope }: Suppression): string {
  return `${scope} ${entry}`;
}

/** The field of POST /v1/suppressions that an entry belongs into. Pure. */
export function fieldOf(entry: string): Record<string, string> {
  if (entry.startsWith("@")) return { domain: entry.slice(1) };
  if (/^(?:md5:)?[0-9a-f]{32}$/i.test(entry)) return { md5: entry.replace(/^md5:/i, "") };
  return { email: entry };
}

/** The first lines of a file, to look at before it is sent. Pure. */
export function previewOf(text: string, lines: number): readonly string[] {
  return text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .slice(0, lines);
}
