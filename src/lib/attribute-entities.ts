// Character references in attribute values (HTML standard, "named character reference state"): decoded
// where we are sure of them. A value with a reference that is not known here is left alone.

/** Names that need no semicolon, and those that URLs in mail are seen with. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["AMP", "&"],
  ["lt", "<"],
  ["LT", "<"],
  ["gt", ">"],
  ["GT", ">"],
  ["quot", '"'],
  ["QUOT", '"'],
  ["apos", "'"],
  ["nbsp", "\u00a0"],
  ["num", "#"],
  ["quest", "?"],
  ["equals", "="],
  ["sol", "/"],
  ["colon", ":"],
  ["commat", "@"],
  ["percnt", "%"],
  ["plus", "+"],
  ["lowbar", "_"],
  ["period", "."],
  ["comma", ","],
  ["semi", ";"],
  ["excl", "!"],
  ["dollar", "$"],
  ["lpar", "("],
  ["rpar", ")"],
  ["ast", "*"],
  ["Tab", "\t"],
  ["NewLine", "\n"],
]);

/** Names that a reader decodes without a semicolon too, unless a letter, digit or `=` follows. */
const BARE: ReadonlySet<string> = new Set(
  "amp AMP lt LT gt GT quot QUOT aacute Aacute acirc Acirc acute aelig AElig agrave Agrave aring Aring atilde Atilde auml Auml brvbar ccedil Ccedil cedil cent copy COPY curren deg divide eacute Eacute ecirc Ecirc egrave Egrave eth ETH euml Euml frac12 frac14 frac34 iacute Iacute icirc Icirc iexcl igrave Igrave iquest iuml Iuml laquo macr micro middot nbsp not ntilde Ntilde oacute Oacute ocirc Ocirc ograve Ograve ordf ordm oslash Oslash otilde Otilde ouml Ouml para plusmn pound raquo reg REG sect shy sup1 sup2 sup3 szlig thorn THORN times uacute Uacute ucirc Ucirc ugrave Ugrave uml uuml Uuml yacute Yacute yen yuml".split(
    " ",
  ),
);

/** The value that a reader sees, or null when it holds a reference that is not known here. */
export function decodeAttribute(value: string): string | null {
  let sure = true;
  const decoded = value.replace(
    /&(?:#[xX]([0-9a-fA-F]+);?|#([0-9]+);?|([A-Za-z][A-Za-z0-9]*)(;?)(=?))/g,
    (whole: string, hex?: string, decimal?: string, name = "", end = "", equals = "") => {
      const code = Number.parseInt(hex ?? decimal ?? "", hex === undefined ? 10 : 16);
      if (!Number.isNaN(code)) {
        // These mean characters of Windows-1252, which are part of no URL.
        if (code >= 0x80 && code <= 0x9f) sure = false;
        return character(code);
      }
      if (end === "") {
        // `&copy=1` and `&copyright` are parameters; `&copy` before anything else is ©.
        if (equals !== "" || !BARE.has(name)) return whole;
        if (NAMED.has(name)) return NAMED.get(name) ?? whole;
        sure = false;
        return whole;
      }
      const known = NAMED.get(name);
      if (known === undefined) sure = false;
      return `${known ?? ""}${equals}`;
    },
  );
  return sure ? decoded : null;
}

function character(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return "\ufffd";
  return String.fromCodePoint(code);
}
