// Tag lists of DKIM signatures, DKIM key records and DMARC records (RFC 6376 §3.2, RFC 7489 §6.4). Pure.

/** The tags in their order, names as written; null when it is no tag list. */
export function readTags(text: string): ReadonlyMap<string, string> | null {
  const tags = new Map<string, string>();
  for (const part of text.split(";")) {
    if (part.trim() === "") continue;
    const [, name = "", value = ""] =
      /^\s*([a-zA-Z][a-zA-Z0-9_]*)\s*=\s*(.*?)\s*$/s.exec(part) ?? [];
    if (name === "" || tags.has(name)) return null;
    tags.set(name, value);
  }
  return tags;
}
