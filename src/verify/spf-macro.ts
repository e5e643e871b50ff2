// Macros of SPF (RFC 7208 §7): checking a domain-spec or a macro-string, and expanding it. Pure.

/** What macros stand for. */
export type MacroValues = {
  /** The whole sender, local-part@domain. */
  readonly sender: string;
  /** The domain that is being evaluated. */
  readonly domain: string;
  /** The client's address in the dotted form of §7.3: IPv4 as usual, IPv6 as 32 nibbles. */
  readonly dottedIp: string;
  /** The client's address as people write it. */
  readonly readableIp: string;
  readonly family: "in-addr" | "ip6";
  readonly helo: string;
  /** The validated name of the client's address, or `unknown`. */
  readonly validated: string;
  /** Who checks, and when (epoch seconds); in explanations only. */
  readonly receiver: string;
  readonly now: number;
};

const MACRO = /%\{([slodipvhcrt])(\d*)(r?)([.\-+,/_=]*)\}|%%|%_|%-/gi;

/** The letters that only an explanation may use. */
const EXPLANATION_ONLY = /%\{[crt]/i;

/** What a domain-spec must end with (§7.1): a top label, or a macro. */
const DOMAIN_END =
  /(?:\.(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])\.?|%\{[^}]*\}|%%|%_|%-)$/i;

/** Why a text is no domain-spec, macro-string or explain-string; null when it is one. */
export function macroFault(text: string, kind: "domain" | "string" | "explanation"): string | null {
  const plain = text.replace(MACRO, "");
  if (plain.includes("%")) return "has a % that starts no macro";
  if (kind === "explanation" ? !/^[\x20-\x7e]*$/.test(plain) : !/^[\x21-\x7e]*$/.test(plain)) {
    return "has characters that are not printable ASCII";
  }
  if (kind !== "explanation" && EXPLANATION_ONLY.test(text)) {
    return "uses a macro that only explanations may use";
  }
  for (const [, , digits] of text.matchAll(MACRO)) {
    if (digits !== undefined && digits !== "" && Number(digits) === 0) return "keeps 0 labels";
  }
  if (kind === "domain" && !DOMAIN_END.test(text)) return "is no domain name";
  return null;
}

/** Longest name (RFC 1035 §2.3.4); longer ones lose labels on the left (§7.3). */
const MAX_NAME = 253;

/** Expands a domain-spec to a name without a dot at the end. */
export function expandDomain(text: string, values: MacroValues): string {
  let name = expand(text, values).replace(/\.$/, "");
  while (name.length > MAX_NAME && name.includes(".")) name = name.slice(name.indexOf(".") + 1);
  return name;
}

/** Expands an explain-string. */
export function expand(text: string, values: MacroValues): string {
  return text.replace(MACRO, (all, letter: string | undefined, digits, reverse, delimiters) => {
    if (letter === undefined) return all === "%_" ? " " : all === "%-" ? "%20" : "%";
    const value = transformed(
      valueOf(letter.toLowerCase(), values),
      Number(digits) || Number.POSITIVE_INFINITY,
      reverse !== "",
      delimiters || ".",
    );
    return /[A-Z]/.test(letter) ? encodeUnreserved(value) : value;
  });
}

function valueOf(letter: string, values: MacroValues): string {
  const at = values.sender.lastIndexOf("@");
  switch (letter) {
    case "s":
      return values.sender;
    case "l":
      return values.sender.slice(0, at);
    case "o":
      return values.sender.slice(at + 1);
    case "d":
      return values.domain;
    case "i":
      return values.dottedIp;
    case "p":
      return values.validated;
    case "v":
      return values.family;
    case "h":
      return values.helo;
    case "c":
      return values.readableIp;
    case "r":
      return values.receiver;
    default:
      return String(values.now);
  }
}

/** Split at the delimiters, perhaps turned round, the right-hand labels kept, joined with dots (§7.3). */
function transformed(value: string, keep: number, reverse: boolean, delimiters: string): string {
  if (delimiters === "." && !reverse && keep === Number.POSITIVE_INFINITY) return value;
  const escaped = delimiters.replace(/[\]\\^-]/g, String.raw`\$&`);
  const parts = value.split(new RegExp(`[${escaped}]`));
  if (reverse) parts.reverse();
  return parts.slice(-Math.min(keep, parts.length)).join(".");
}

/** Everything but the unreserved characters of RFC 3986 §2.3 percent-encoded. */
function encodeUnreserved(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
