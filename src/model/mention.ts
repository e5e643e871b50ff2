// How texts name an address: in any case, and as links and markup spell it (`ann%40example.com`,
// `ann&#64;example.com`). Finds the mentions of one address and takes them away. Pure.
import { hex, utf8 } from "../lib/bytes.ts";
import { domainOf } from "./address.ts";

/** What stands where an address was. */
export const ERASED = "[erased]";

/**
 * How much belongs to the address. `sent`: in what was sent to it, `order_ann@example.com` names Ann.
 * `other`: elsewhere that is somebody else's address.
 */
export type Reach = "sent" | "other";

/** The mentions of one address. */
export type Mentions = {
  /** Its delivery key (addressKey). */
  readonly key: string;
  readonly reach: Reach;
  readonly foundIn: (text: string) => boolean;
  /** Where the first mention begins; -1 for none. */
  readonly firstIn: (text: string) => number;
  /** The text with ERASED in the place of each mention. */
  readonly removedFrom: (text: string) => string;
};

/** Finds the mentions of an address, given its key. */
export function mentionsOf(key: string, reach: Reach): Mentions {
  const { before, after } = EDGES[reach];
  const spelled = Array.from(key, spellingsOf).join("");
  const pattern = new RegExp(`${before}${spelled}${after}`, "giu");
  const usual = usualSpellings(key);
  // Few texts of others name it: most are told by a search that costs little.
  const mayBeIn = (text: string) => {
    if (reach === "sent") return true;
    const low = text.toLowerCase();
    return usual.some((spelling) => low.includes(spelling));
  };
  // `search` starts at the beginning each time, whatever was found before.
  const firstIn = (text: string) => (mayBeIn(text) ? text.search(pattern) : -1);
  return {
    key,
    reach,
    firstIn,
    foundIn: (text) => firstIn(text) >= 0,
    removedFrom: (text) => (mayBeIn(text) ? text.replace(pattern, ERASED) : text),
  };
}

/** What may not stand beside an address; the last byte of an encoded character may stand before it. */
const EDGES: Readonly<Record<Reach, { readonly before: string; readonly after: string }>> = {
  sent: {
    before: String.raw`(?:(?<![\p{L}\p{N}])|(?<=%[0-9a-f]{2}))`,
    after: String.raw`(?![\p{L}\p{N}])`,
  },
  other: {
    before: String.raw`(?:(?<![\p{L}\p{N}._+-])|(?<=%[0-9a-f]{2}))`,
    after: String.raw`(?![\p{L}\p{N}_]|[.-]+[\p{L}\p{N}])`,
  },
};

/** What means something in a pattern. */
const SYNTAX = /[\^$\\.*+?()[\]{}|/]/;

/** One character as itself, percent-encoded (RFC 3986 §2.1), or as a character reference. */
function spellingsOf(character: string): string {
  const forms = [...new Set([character, character.toUpperCase()])].flatMap((form) => {
    const code = form.codePointAt(0) ?? 0;
    const percent = hex(utf8(form)).replace(/../g, "%$&");
    return [percent, `&#0*${code};?`, `&#x0*${code.toString(16)};?`];
  });
  const named = character === "@" ? ["&commat;"] : [];
  return `(?:${[character.replace(SYNTAX, "\\$&"), ...forms, ...named].join("|")})`;
}

/**
 * Lower-case texts of which one stands, with ASCII lower-cased, in every text that names the address in a
 * usual spelling: what SQL looks for before the mentions are judged.
 */
export function usualSpellings(key: string): readonly string[] {
  const domain = domainOf(key);
  const local = key.slice(0, key.length - domain.length - 1);
  // SQL lower-cases ASCII only: of an address beyond it, what follows the last such letter is looked for.
  const ascii = /[\x21-\x7e]*$/.exec(local)?.[0] ?? "";
  const locals = new Set([ascii, encodeURIComponent(ascii).toLowerCase()]);
  const signs = ["@", "%40", "&#64;", "&#x40;", "&commat;"];
  return [...locals].flatMap((one) => signs.map((sign) => `${one}${sign}${domain}`));
}
