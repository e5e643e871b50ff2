// The HTML part with its links tracked, its pixel and its unsubscribe links. Parsed once per message
// into pieces (HTMLRewriter is dear), put together once per recipient. Every byte that is not a rewritten
// attribute, or the tag around it, stays as the sender wrote it. Pure: the same input gives the same HTML.
import { decodeAttribute } from "../lib/attribute-entities.ts";
import { LINK_PATHS, type Links, linkTarget, UNSUBSCRIBE_VARIABLE } from "../model/link.ts";
import { clickTrackingId, type Tracking } from "../model/message.ts";
import { escapeHtml } from "../model/template.ts";
import { utmReader, type UtmTags, withUtm } from "../model/utm.ts";

/** Links of one HTML part that are tracked; more stay as they are: each is a signature per recipient. */
export const MAX_TRACKED_LINKS = 1_000;

/** Marks a URL that the sender's own system counts: not rewritten, and the mark is removed (C-28). */
const OWN_UNSUBSCRIBE = "##UNSUB-LINK##";
/** Stands for our unsubscribe link; what follows is where its page leads afterwards. */
const UNSUBSCRIBE_TAG = "##unsubscribetag##";

/** HTML, what of it is tracked, and the index of its first link, 0 unless given. */
export type HtmlSource = {
  readonly html: string | null;
  readonly tracking: Tracking;
  readonly firstIndex?: number;
};

/** Whether there is something in HTML that stands for an unsubscribe link. */
export function asksForUnsubscribe(html: string): boolean {
  return (
    html.includes(OWN_UNSUBSCRIBE) || html.includes(UNSUBSCRIBE_TAG) || USES_VARIABLE.test(html)
  );
}

const USES_VARIABLE = new RegExp(`\\{\\{[ \\t]*${UNSUBSCRIBE_VARIABLE}[ \\t]*\\}\\}`);

/** An HTML part in pieces. */
export type LinkedHtml = { readonly pieces: readonly Piece[] };

type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "pixel" }
  | { readonly kind: "href"; readonly raw: string; readonly index: number | null };

/** Who the HTML is for, and who signs; without `links` nothing is tracked. */
export type LinkReader = {
  readonly messageId: string;
  readonly position: number;
  readonly address: string;
  /** Replaces the placeholders of a text, its values escaped. */
  readonly fill: (text: string) => string;
  readonly links: Links | null;
  /** Tags of tracked links; null adds none. */
  readonly utm: UtmTags | null;
};

/** Whether recipients get different HTML because of what is tracked. */
export function tracksHtml({ html, tracking }: HtmlSource): boolean {
  if (html === null) return false;
  return tracking.opens || html.includes("##") || (tracking.clicks && /href/i.test(html));
}

const parsed = new WeakMap<HtmlSource, Promise<LinkedHtml>>();

/** The pieces of HTML; parsed at the first recipient and remembered with the source. */
export function linkedHtml(source: HtmlSource, links: Links | null): Promise<LinkedHtml> {
  const known = parsed.get(source) ?? parse(source, links);
  parsed.set(source, known);
  return known;
}

/** The HTML as one recipient gets it. */
export async function htmlFor(html: LinkedHtml, reader: LinkReader): Promise<string> {
  const { messageId, position, fill, links } = reader;
  const texts = await Promise.all(
    html.pieces.map(async (piece) => {
      switch (piece.kind) {
        case "text":
          return fill(piece.text);
        case "pixel":
          return links ? pixel(await links.urlOf({ kind: "open", messageId, position })) : "";
        case "href":
          return (await hrefFor(piece, reader)).replaceAll('"', "&quot;");
      }
    }),
  );
  return texts.join("");
}

function pixel(url: string): string {
  return `<img src="${url}" width="1" height="1" alt="" style="border:0;width:1px;height:1px">`;
}

/** The attribute's value, entities included. */
async function hrefFor(
  { raw, index }: Extract<Piece, { kind: "href" }>,
  reader: LinkReader,
): Promise<string> {
  const { messageId, position, address, links } = reader;
  const value = reader.fill(raw);
  const href = decodeAttribute(value);
  if (value.includes(OWN_UNSUBSCRIBE)) return value.replaceAll(OWN_UNSUBSCRIBE, "");
  if (href === null) return value;
  if (href.includes(OWN_UNSUBSCRIBE)) return escapeHtml(href.replaceAll(OWN_UNSUBSCRIBE, ""));
  if (href.trimStart().startsWith(UNSUBSCRIBE_TAG)) {
    const url = linkTarget(href.trimStart().slice(UNSUBSCRIBE_TAG.length));
    if (!links) return escapeHtml(url ?? "");
    return links.urlOf({ kind: "unsubscribe", messageId, position, address, url });
  }
  const url = links && index !== null ? linkTarget(href) : null;
  if (!links || index === null || url === null || isOurs(url, links)) return value;
  return links.urlOf({ kind: "click", messageId, position, index, url: tagged(url, reader) });
}

function tagged(url: string, { utm, messageId, position }: LinkReader): string {
  if (utm === null) return url;
  return withUtm(url, utm, utmReader(utm, position, clickTrackingId(messageId, position)));
}

function isOurs(url: string, { origin }: Links): boolean {
  return Object.values(LINK_PATHS).some((path) => url.startsWith(origin + path));
}

async function parse(source: HtmlSource, links: Links | null): Promise<LinkedHtml> {
  const html = source.html ?? "";
  const opens = links !== null && source.tracking.opens;
  const clicks = links !== null && source.tracking.clicks;
  if (!opens && !clicks && !/##|data-track/i.test(html)) {
    return { pieces: [{ kind: "text", text: html }] };
  }
  let mark = "edgepost-mark-";
  while (html.includes(mark)) mark += "x";
  const marks: Piece[] = [];
  const place = (piece: Piece): string => `${mark}${marks.push(piece) - 1};`;
  const rewriting = { place, clicks, firstIndex: source.firstIndex ?? 0, tracked: 0 };
  const marked = await rewrite(html, rewriting, opens).catch(() => placeTags(html, place, opens));
  return { pieces: cut(marked, mark, marks) };
}

/** The marked text as pieces. */
function cut(marked: string, mark: string, marks: readonly Piece[]): readonly Piece[] {
  const [first = "", ...rest] = marked.split(mark);
  return [
    { kind: "text", text: first },
    ...rest.flatMap((part): Piece[] => {
      const end = part.indexOf(";");
      const piece = marks[Number(part.slice(0, end))];
      return [...(piece ? [piece] : []), { kind: "text", text: part.slice(end + 1) }];
    }),
  ];
}

type Rewriting = {
  readonly place: (piece: Piece) => string;
  readonly clicks: boolean;
  readonly firstIndex: number;
  /** Links that were given an index so far. */
  tracked: number;
};

/** The HTML with marks for what recipients get of their own. Throws when it is too ambiguous to parse. */
async function rewrite(html: string, rewriting: Rewriting, opens: boolean): Promise<string> {
  let pending = opens;
  const pixelMark = (): string => {
    pending = false;
    return rewriting.place({ kind: "pixel" });
  };
  return new HTMLRewriter()
    .on("[href]", {
      element(element) {
        rewriteElement(element, rewriting);
      },
    })
    .on("body", {
      element(body) {
        body.onEndTag((end) => {
          if (pending) end.before(pixelMark(), { html: true });
        });
      },
    })
    .onDocument({
      // Outlook reads what stands in conditional comments; everybody else sees a comment.
      async comments(comment) {
        if (!/^\[if\b/i.test(comment.text) || !/href/i.test(comment.text)) return;
        comment.text = await rewrite(comment.text, rewriting, false);
      },
      end(end) {
        if (pending) end.append(pixelMark(), { html: true });
      },
    })
    .transform(new Response(html))
    .text();
}

/** Elements whose href is followed by a person; `link` and `base` are not. */
const FOLLOWED = /^(?:a|area|v:[a-z]+)$/;

function rewriteElement(element: Element, rewriting: Rewriting): void {
  if (!FOLLOWED.test(element.tagName)) return;
  const off = element.getAttribute("data-track")?.trim().toLowerCase() === "off";
  if (off) element.removeAttribute("data-track");
  const raw = element.getAttribute("href") ?? "";
  const room = rewriting.tracked < MAX_TRACKED_LINKS;
  const tracked = rewriting.clicks && !off && room && mayBeTarget(raw);
  // What is only written back as it was is not touched at all.
  if (!tracked && !/##|\{\{|&#/.test(raw)) return;
  const index = tracked ? rewriting.firstIndex + rewriting.tracked++ : null;
  element.setAttribute("href", rewriting.place({ kind: "href", raw, index }));
}

/** Whether it may lead to a target, once its variables are known. */
function mayBeTarget(raw: string): boolean {
  const href = decodeAttribute(raw);
  return href !== null && (raw.includes("{{") || linkTarget(href) !== null);
}

/** For HTML that cannot be parsed safely: no click is tracked, but no unsubscribe tag is left behind. */
function placeTags(html: string, place: Rewriting["place"], opens: boolean): string {
  const marked = html.replace(
    /(\shref\s*=\s*)(?:"([^"]*##[^"]*)"|'([^']*##[^']*)')/gi,
    (_, before: string, double?: string, single?: string) =>
      `${before}"${place({ kind: "href", raw: double ?? single ?? "", index: null })}"`,
  );
  return opens ? marked + place({ kind: "pixel" }) : marked;
}
