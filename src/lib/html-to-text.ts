// HTML as plain text, for readers without HTML: links as "text (url)", lists, headings, images by
// their alt. One pass over the characters, linear, bounded by its input; no DOM.

/** Elements whose content is not read. */
const SKIPPED: ReadonlySet<string> = new Set(["script", "style", "title", "template"]);
/** Elements that begin and end a line of their own. */
const BLOCKS: ReadonlySet<string> = new Set(
  "address article aside blockquote center dd div dl dt fieldset figcaption figure footer form header li main nav ol section table tbody tfoot thead tr ul".split(
    " ",
  ),
);
/** Elements that stand apart by an empty line. */
const PARAGRAPHS: ReadonlySet<string> = new Set(["p", "pre", "h1", "h2", "h3", "h4", "h5", "h6"]);

/** The text of an HTML document or fragment, lines ended by LF. */
export function htmlToText(html: string): string {
  const writer = new Writer();
  let position = 0;
  while (position < html.length) {
    const open = html.indexOf("<", position);
    const end = open < 0 ? html.length : open;
    writer.text(decodeEntities(html.slice(position, end)));
    if (open < 0) break;
    position = readMarkup(html, open, writer);
  }
  return writer.finish();
}

/** Reads one tag, comment or stray `<`; returns where the text goes on. */
function readMarkup(html: string, open: number, writer: Writer): number {
  if (html.startsWith("<!--", open)) return after(html, "-->", open + 4);
  const name = /^<\/?([a-zA-Z][a-zA-Z0-9-]{0,30})/
    .exec(html.slice(open, open + 40))?.[1]
    ?.toLowerCase();
  if (name === undefined) {
    if (/[!?/]/.test(html.charAt(open + 1))) return after(html, ">", open + 1);
    writer.text("<");
    return open + 1;
  }
  const close = endOfTag(html, open + 1);
  const tag = html.slice(open, close);
  if (tag.startsWith("</")) {
    writer.close(name);
    return close;
  }
  if (SKIPPED.has(name) && !tag.endsWith("/>")) return skipElement(html, name, close);
  writer.open(name, tag);
  return close;
}

function after(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found < 0 ? html.length : found + mark.length;
}

/** Where the tag ends: the first `>` outside of a quoted attribute value. */
function endOfTag(html: string, from: number): number {
  let quote = "";
  for (let index = from; index < html.length; index++) {
    const character = html.charAt(index);
    if (quote) {
      if (character === quote) quote = "";
    } else if (character === ">") {
      return index + 1;
    } else if ((character === '"' || character === "'") && html.charAt(index - 1) === "=") {
      quote = character;
    }
  }
  return html.length;
}

/** Where the content of a skipped element ends; to the end of the document if it is never closed. */
function skipElement(html: string, name: string, from: number): number {
  const closing = new RegExp(`</${name}(?=[\\s/>])`, "gi");
  closing.lastIndex = from;
  const found = closing.exec(html);
  return found ? endOfTag(html, found.index + 1) : html.length;
}

/** Collects lines; knows where it is in links and lists. */
class Writer {
  readonly #done: string[] = [];
  #line = "";
  #link: { readonly url: string; readonly from: number } | null = null;
  readonly #lists: { readonly ordered: boolean; count: number }[] = [];

  text(text: string): void {
    const collapsed = text.replace(/[\s\u00a0]+/g, " ");
    const starts = this.#line === "" || this.#line.endsWith(" ");
    this.#line += starts ? collapsed.trimStart() : collapsed;
    if (this.#line.length > MAX_LINE_LENGTH) this.#wrap();
  }

  open(name: string, tag: string): void {
    if (name === "br") this.#break();
    else if (name === "hr") this.#rule();
    else if (name === "img") this.text(attributeOf(tag, "alt"));
    else if (name === "a") this.#startLink(attributeOf(tag, "href"));
    else if (name === "td" || name === "th") this.text(" ");
    else if (name === "li") this.#startItem();
    else this.#block(name);
    if (name === "ul" || name === "ol") this.#lists.push({ ordered: name === "ol", count: 0 });
  }

  close(name: string): void {
    if (name === "a") this.#endLink();
    if (name === "ul" || name === "ol") this.#lists.pop();
    this.#block(name);
  }

  finish(): string {
    this.#endLink();
    this.#break();
    return this.#done.join("\n").trim();
  }

  #block(name: string): void {
    if (PARAGRAPHS.has(name)) this.#paragraph();
    else if (BLOCKS.has(name) && this.#line.trim() !== "") this.#break();
  }

  /** Ends a long line at its last space: what is looked at again and again stays short. */
  #wrap(): void {
    const space = this.#line.lastIndexOf(" ");
    const end = space < 0 ? this.#line.length : space;
    this.#done.push(this.#line.slice(0, end));
    this.#line = this.#line.slice(end + 1);
  }

  #break(): void {
    this.#done.push(this.#line.trimEnd());
    this.#line = "";
  }

  #paragraph(): void {
    if (this.#line.trim() !== "") this.#break();
    if (this.#done.length > 0 && this.#done.at(-1) !== "") this.#done.push("");
    this.#line = "";
  }

  #rule(): void {
    this.#paragraph();
    this.#done.push("----------", "");
  }

  #startItem(): void {
    if (this.#line.trim() !== "") this.#break();
    const list = this.#lists.at(-1);
    if (list) list.count += 1;
    const depth = Math.min(Math.max(this.#lists.length - 1, 0), MAX_INDENT);
    this.#line = `${"  ".repeat(depth)}${list?.ordered ? `${list.count}. ` : "- "}`;
  }

  #startLink(url: string): void {
    this.#endLink();
    this.#link = { url: url.trim(), from: this.#done.length };
    this.#linkStart = this.#line.length;
  }

  #linkStart = 0;

  #endLink(): void {
    const link = this.#link;
    this.#link = null;
    if (!link || !/^(?:https?|mailto|tel):/i.test(link.url)) return;
    const label = link.from === this.#done.length ? this.#line.slice(this.#linkStart).trim() : null;
    if (label === "") this.text(link.url);
    else if (label !== link.url && `mailto:${label}` !== link.url) {
      const line = this.#line.trimEnd();
      this.#line = line === "" ? `(${link.url})` : `${line} (${link.url})`;
    }
  }
}

/** Characters after which a line is wrapped. */
const MAX_LINE_LENGTH = 1000;

/** Nested lists are indented this many times at most. */
const MAX_INDENT = 8;

/** The decoded value of an attribute of one tag, "" when it has none. */
function attributeOf(tag: string, name: string): string {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i").exec(
    tag,
  );
  return decodeEntities(found?.[1] ?? found?.[2] ?? found?.[3] ?? "");
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", " "],
  ["copy", "©"],
  ["reg", "®"],
  ["trade", "™"],
  ["hellip", "…"],
  ["mdash", "—"],
  ["ndash", "–"],
  ["lsquo", "‘"],
  ["rsquo", "’"],
  ["ldquo", "“"],
  ["rdquo", "”"],
  ["laquo", "«"],
  ["raquo", "»"],
  ["bull", "•"],
  ["middot", "·"],
  ["euro", "€"],
  ["pound", "£"],
  ["yen", "¥"],
  ["cent", "¢"],
  ["sect", "§"],
  ["deg", "°"],
  ["times", "×"],
  ["rarr", "→"],
  ["larr", "←"],
  ["zwnj", ""],
  ["zwj", ""],
  ["shy", ""],
]);

/** Numeric references and the names that mail uses; an unknown name stays as it is. */
export function decodeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]{2,8}));/gi,
    (whole, hex, decimal, name) => {
      if (name) return NAMED.get(name) ?? NAMED.get(name.toLowerCase()) ?? whole;
      return character(hex ? Number.parseInt(hex, 16) : Number.parseInt(decimal, 10));
    },
  );
}

function character(code: number): string {
  const control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return "\ufffd";
  return control ? " " : String.fromCodePoint(code);
}
