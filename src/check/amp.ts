// Whether an AMP part may be sent (F-052…F-056, C-06): its fallbacks, its size, and what it loads.
// Refuses only what AMP for Email certainly forbids; it is no validator.
import { decodeEntities } from "../lib/html-to-text.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { utf8Length } from "../model/content.ts";
import type { MessageContent } from "../model/message.ts";
import { invalidField, type Problem } from "../model/problem.ts";

/** The markup limit of AMP for Email (contract 1.2). */
export const MAX_AMP_BYTES = 200_000;

/** Where AMP components come from, and the only place that scripts may come from (F-054). */
const AMP_ORIGIN = "https://cdn.ampproject.org";

/** Attributes that hold one URL that is loaded or called. */
const RESOURCES: ReadonlySet<string> = new Set([
  "src",
  "action-xhr",
  "verify-xhr",
  "poster",
  "background",
]);
/** Attributes that a form calls: the endpoints must be the sender's own (F-053). */
const ENDPOINTS: ReadonlySet<string> = new Set(["action-xhr", "verify-xhr"]);
/** Scripts that hold data, not code. */
const DATA_SCRIPTS: ReadonlySet<string> = new Set(["application/json", "text/plain"]);

/** Where the part stands in the request, and the hosts that forms may not post to: ours. */
export type AmpRule = { readonly path: string; readonly ownHosts: readonly string[] };

/** Whether the AMP part of a message, if it has one, may be sent. */
export async function checkAmp(
  { amp, text, html }: Pick<MessageContent, "amp" | "text" | "html">,
  rule: AmpRule,
): Promise<Result<null, Problem>> {
  if (amp === null) return ok(null);
  if (!text || !html) {
    return fail(invalidField(rule.path, "needs both text and html beside it as fallbacks"));
  }
  return checkMarkup(amp, rule);
}

/** Whether an AMP part that has its fallbacks may be sent. */
export async function checkMarkup(
  amp: string,
  { path, ownHosts }: AmpRule,
): Promise<Result<null, Problem>> {
  if (utf8Length(amp) > MAX_AMP_BYTES) {
    return fail(invalidField(path, `must be at most ${MAX_AMP_BYTES} bytes`));
  }
  const fault = await firstFault(amp, ownHosts);
  return fault === null ? ok(null) : fail(invalidField(path, fault));
}

/** Whether a from-name of a domain was approved; the name `*` approves all of them (C-06). */
export function ampApproved(fromNames: readonly string[], fromName: string): boolean {
  return fromNames.includes("*") || fromNames.includes(fromName);
}

/** Walks the markup; the first thing that is forbidden, or null. */
async function firstFault(amp: string, ownHosts: readonly string[]): Promise<string | null> {
  let fault: string | null = null;
  let css = "";
  const rewriter = new HTMLRewriter()
    .on("*", {
      element(element) {
        const attributes = new Map<string, string>();
        for (const [name = "", value = ""] of element.attributes) {
          attributes.set(name.toLowerCase(), decodeEntities(value).trim());
        }
        fault ??= elementFault(element.tagName.toLowerCase(), attributes, ownHosts);
      },
    })
    .on("style", {
      text(piece) {
        css += piece.text;
        if (!piece.lastInTextNode) return;
        fault ??= styleFault(css);
        css = "";
      },
    });
  await rewriter.transform(new Response(amp)).text();
  return fault;
}

type Attributes = ReadonlyMap<string, string>;

function elementFault(
  tag: string,
  attributes: Attributes,
  ownHosts: readonly string[],
): string | null {
  if (tag === "script") return scriptFault(attributes);
  for (const [name, value] of attributes) {
    const fault = attributeFault(name, value, ownHosts);
    if (fault !== null) return fault;
  }
  if (tag === "form" && attributes.has("action") && !attributes.has("action-xhr")) {
    return `has a form with action="${shown(attributes.get("action") ?? "")}": use action-xhr`;
  }
  return null;
}

function scriptFault(attributes: Attributes): string | null {
  const source = attributes.get("src");
  if (source !== undefined) {
    const allowed = URL.canParse(source) && new URL(source).origin === AMP_ORIGIN;
    return allowed ? null : `loads the script ${shown(source)}: only ${AMP_ORIGIN}/ is allowed`;
  }
  const type = attributes.get("type")?.toLowerCase() ?? "";
  return DATA_SCRIPTS.has(type)
    ? null
    : "holds JavaScript of its own: only AMP components are allowed";
}

function attributeFault(name: string, value: string, ownHosts: readonly string[]): string | null {
  if (/^on./.test(name)) return `has the event handler ${shown(name)}: use AMP's on="…"`;
  if (name === "style") return styleFault(value);
  if (name === "srcset") return sourceSetFault(value);
  if (name === "href") return linkFault(value);
  if (!RESOURCES.has(name) || isTemplate(value)) return null;
  if (!isHttps(value)) return `has ${name}="${shown(value)}": it must start with https://`;
  const own = ENDPOINTS.has(name) && URL.canParse(value) && ownHosts.includes(new URL(value).host);
  return own ? `has ${name}="${shown(value)}": forms must post to your own host` : null;
}

/** Links may also go to a mail program, a telephone, or another place of the same part. */
function linkFault(value: string): string | null {
  const fine = isHttps(value) || isTemplate(value) || /^(?:mailto:|tel:|#)/i.test(value);
  return fine ? null : `has href="${shown(value)}": it must start with https://, mailto: or tel:`;
}

/** Candidates are separated by a comma and white space; a URL may hold a comma (HTML §4.8.4.2.1). */
function sourceSetFault(value: string): string | null {
  for (const candidate of value.split(/,\s+/)) {
    const url = candidate.trim().split(/\s/, 1)[0] ?? "";
    if (url !== "" && !isHttps(url) && !isTemplate(url)) {
      return `has srcset="${shown(url)}": it must start with https://`;
    }
  }
  return null;
}

function styleFault(css: string): string | null {
  const found = /(?:url\(\s{0,10}["']?|@import\s{1,10}["'])(http:[^"')\s]{0,300})/i.exec(css)?.[1];
  return found === undefined ? null : `has ${shown(found)} in its styles: it must be https`;
}

function isHttps(value: string): boolean {
  return /^https:\/\/[^/]/i.test(value);
}

/** Filled in by the reader's mail program, or by the variables of the recipient. */
function isTemplate(value: string): boolean {
  return value.startsWith("{{");
}

/** Characters of a URL that an error shows. */
const SHOWN = 200;

function shown(value: string): string {
  return value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
}
