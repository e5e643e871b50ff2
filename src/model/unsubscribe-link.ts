// Whether a reader of a text finds a link to unsubscribe in it. A guess by words, since a link says what it
// is in its reader's language; so what hangs on it is a warning.
import { decodeAttribute } from "../lib/attribute-entities.ts";
import { LINK_PATHS } from "./link.ts";

/** How links to unsubscribe are called, in URLs and in texts. */
const WORDS = new RegExp(
  [
    "unsub|opt[ _-]?out|remove[ _-]me|(?:email|mail|manage|your)[ _-]?(?:preferences|subscription)",
    "abmeld|abbestell|austragen|d[ée]sabonn|d[ée]sinscri|dar(?:me|se|te)?[ -]de[ -]baja",
    "(?:cancel|annull)[a-z]{0,6}[ -](?:la |l['’]|a |sua )?(?:suscripci|iscrizion|inscri|assinatura)",
    "disiscri|descadastr|afmeld|uitschrijv|avregistrer|avmeld|avanm[äa]l|avprenumerer|wypisz|rezygnuj",
    "odhl[áa]sit|отпис|abonelik|listeden|配信停止|登録解除|購読解除|退订|退訂|取消订阅|取消訂閱",
    "수신 ?거부|구독 ?(?:취소|해지)|berhenti berlangganan",
  ].join("|"),
  "iu",
);

/** The path of an unsubscribe link of Edgepost's. */
const OWN = new RegExp(`^https?://[^/]+${LINK_PATHS.unsubscribe}[A-Za-z0-9_-]{20,}`);

/** Characters of an `<a …>`, and of what stands between it and `</a>`, that are looked at. */
const MAX_TAG = 8_000;
const MAX_ANCHOR_TEXT = 2_000;
/** Links that are looked at; tracking rewrites 1,000 of a message. */
const MAX_LINKS = 2_000;

const HREF = /(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i;

/** Whether an HTML text has a link to unsubscribe; `known` are the URIs of List-Unsubscribe. */
export function htmlUnsubscribes(html: string, known: readonly string[]): boolean {
  let links = 0;
  for (const { index } of html.matchAll(/<a\s/gi)) {
    const end = html.indexOf(">", index);
    if (end < 0 || ++links > MAX_LINKS) return false;
    const tag = html.slice(index + 2, Math.min(end, index + MAX_TAG));
    const href = HREF.exec(tag);
    if (!href) continue;
    const raw = href[1] ?? href[2] ?? href[3] ?? "";
    const after = html.slice(end + 1, end + 1 + MAX_ANCHOR_TEXT);
    const text = (after.split(/<\/a/i, 1)[0] ?? "").replace(/<[^<>]*>/g, "");
    if (leadsOut(decodeAttribute(raw) ?? raw, tag + text, known)) return true;
  }
  return false;
}

/** Characters before a URL in a plain text that say what it is for. */
const CONTEXT = 160;

/** Whether a plain text has a link to unsubscribe. */
export function textUnsubscribes(text: string, known: readonly string[]): boolean {
  let links = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"]+/gi)) {
    if (++links > MAX_LINKS) return false;
    const before = text.slice(Math.max(0, match.index - CONTEXT), match.index);
    if (leadsOut(match[0], before, known)) return true;
  }
  return false;
}

function leadsOut(url: string, words: string, known: readonly string[]): boolean {
  if (!/^\s*https?:/i.test(url)) return false;
  return known.includes(url.trim()) || OWN.test(url.trim()) || WORDS.test(url) || WORDS.test(words);
}
