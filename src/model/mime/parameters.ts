// Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2183): a value and its parameters, in every way
// in which mail programs write them (RFC 2231). Where a parameter is given in several ways, all
// of its values are told: a reader may take any of them.
import { withoutComments } from "./comments.ts";

/** A field's value, lower case, and its parameters by lower-case name; a name may have several values. */
export type Parameterised = {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, readonly string[]>;
};

/** Reads such a field; null when a quote or a comment in it has no end. */
export function parseParameters(field: string): Parameterised | null {
  const stripped = withoutComments(field);
  if (!stripped) return null;
  const [value = "", ...rest] = splitAtSemicolons(stripped.text);
  const parameters = new Map<string, string[]>();
  const sections = new Map<string, Section[]>();
  for (const item of rest) {
    const parsed = parseItem(item);
    if (!parsed) continue;
    const { name, section, text } = parsed;
    if (section === null) append(parameters, name, text);
    else append(sections, name, section);
  }
  for (const [name, list] of sections) append(parameters, name, joined(list));
  return { value: value.trim().toLowerCase(), parameters };
}

/** A section of a parameter that was cut or encoded (RFC 2231 §3, §4). */
type Section = { readonly index: number; readonly encoded: boolean; readonly text: string };

type Item = { readonly name: string; readonly section: Section | null; readonly text: string };

const NAME = /^([^*=]{1,100})(?:\*(\d{1,4}))?(\*)?$/;

function parseItem(item: string): Item | null {
  const equals = item.indexOf("=");
  const [, name, index, star] = NAME.exec(item.slice(0, Math.max(0, equals)).trim()) ?? [];
  if (name === undefined) return null;
  const text = unquoted(item.slice(equals + 1).trim());
  const whole = index === undefined && star === undefined;
  const section = whole ? null : { index: Number(index ?? 0), encoded: star === "*", text };
  return { name: name.trim().toLowerCase(), section, text };
}

function append<T>(lists: Map<string, T[]>, name: string, value: T): void {
  const list = lists.get(name) ?? [];
  list.push(value);
  lists.set(name, list);
}

function splitAtSemicolons(text: string): readonly string[] {
  const items: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === "\\" && quoted) index += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === ";" && !quoted) {
      items.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...items, text.slice(start)];
}

function unquoted(text: string): string {
  const quoted = text.length > 1 && text.startsWith('"') && text.endsWith('"');
  return quoted ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text;
}

/** The sections in their order as one text; the first encoded one names the charset. */
function joined(list: readonly Section[]): string {
  const sections = list.toSorted((a, b) => a.index - b.index);
  let charset = "utf-8";
  const octets: number[] = [];
  for (const [position, { encoded, text }] of sections.entries()) {
    const [, label, rest] = (position === 0 && encoded && /^([^']*)'[^']*'(.*)$/s.exec(text)) || [];
    if (label !== undefined && label !== "") charset = label;
    const value = rest ?? text;
    for (const octet of encoded ? percentDecoded(value) : new TextEncoder().encode(value)) {
      octets.push(octet);
    }
  }
  return decoded(Uint8Array.from(octets), charset);
}

function percentDecoded(text: string): Uint8Array {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})|[\u0080-\u{10ffff}]+/gu, (whole, digits?: string) =>
    digits === undefined ? latin1(whole) : String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Uint8Array.from(bytes, (character) => character.charCodeAt(0));
}

/** Characters that should have been encoded, as their octets of UTF-8. */
function latin1(characters: string): string {
  const octets = new TextEncoder().encode(characters);
  return Array.from(octets, (octet) => String.fromCharCode(octet)).join("");
}

function decoded(bytes: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // An unknown charset: the ASCII of a name, its extension above all, is the same in all of them.
    return new TextDecoder().decode(bytes);
  }
}
