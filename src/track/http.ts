// The links of mail: pixel, redirect, unsubscribe. A pixel or a redirect asks no database: what it needs
// stands in its token, and the fact is queued after the answer. Only a POST unsubscribes, and its 200
// means committed.
import type { App } from "../app.ts";
import { clientIp } from "../lib/client-ip.ts";
import { readUpTo } from "../lib/bounded-body.ts";
import { md5Hex } from "../lib/digest.ts";
import { reasonOf } from "../lib/log.ts";
import { addressKey } from "../model/address.ts";
import { erasureBound, erasureHasher } from "../model/erasure.ts";
import { type Fact, MAX_USER_AGENT } from "../model/fact.ts";
import { type Link, LINK_PATHS, type Links, locationOf } from "../model/link.ts";
import { MD5_PREFIX } from "../model/suppression.ts";
import { twice } from "../store/db.ts";
import { findErasure } from "../store/erasure.ts";
import {
  findSubscription,
  type Subscription,
  unsubscribe,
  unsubscribeErased,
} from "../store/suppression-unsubscribe.ts";
import { CONFIRM_FIELD, donePage, failedPage, unsubscribePage } from "./page.ts";

type Unsubscribe = Extract<Link, { readonly kind: "unsubscribe" }>;

/** A transparent GIF of one pixel, 43 bytes. */
const GIF = Uint8Array.from(
  atob("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="),
  (character) => character.charCodeAt(0),
);

/** Both bodies that unsubscribe are far shorter. */
const MAX_FORM_BYTES = 4_096;
const FORM_DEADLINE_MS = 10_000;
/** The platform's hiccups are short. */
const RETRY_SECONDS = "5";

/** What every answer says: nobody keeps it, nobody indexes it, nobody learns its address. */
const COMMON = {
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Robots-Tag": "noindex",
  "X-Content-Type-Options": "nosniff",
};

/** Answers a request to a link of a mail; null when the path is none of a link. */
export async function answerLink(app: App, request: Request): Promise<Response | null> {
  const { pathname } = new URL(request.url);
  const { links } = app;
  if (!links) return null;
  if (pathname.startsWith(LINK_PATHS.open)) return open(app, links, request, pathname);
  if (pathname.startsWith(LINK_PATHS.click)) return click(app, links, request, pathname);
  if (pathname.startsWith(LINK_PATHS.unsubscribe)) {
    return unsubscribeLink(app, links, request, pathname);
  }
  return null;
}

/** T-01. */
async function open(app: App, links: Links, request: Request, path: string): Promise<Response> {
  const token = /^\/o\/(.*)\.gif$/.exec(path)?.[1] ?? "";
  const link = await links.read("open", token);
  if (!link) return notFound();
  if (!isRead(request)) return notAllowed("GET, HEAD");
  if (request.method === "GET") note(app, { ...visitOf(app, request, link), kind: "open" });
  const headers = { ...COMMON, "Content-Type": "image/gif", "Content-Length": String(GIF.length) };
  return new Response(request.method === "HEAD" ? null : GIF, { headers });
}

/** T-02. */
async function click(app: App, links: Links, request: Request, path: string): Promise<Response> {
  const link = await links.read("click", path.slice(LINK_PATHS.click.length));
  if (!link) return notFound();
  if (!isRead(request)) return notAllowed("GET, HEAD");
  const { index, url } = link;
  if (request.method === "GET") {
    note(app, { ...visitOf(app, request, link), kind: "click", index, url });
  }
  return new Response(null, { status: 302, headers: { ...COMMON, Location: locationOf(url) } });
}

function isRead({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

/** Queues a fact after the answer; one that is lost is logged and missed by nobody but statistics. */
function note(app: App, fact: Fact): void {
  app.background("fact_lost", app.track(fact));
}

function visitOf(app: App, { headers }: Request, link: Link) {
  const purpose = [headers.get("Sec-Purpose"), headers.get("Purpose"), headers.get("X-Moz")];
  return {
    id: app.newId(),
    at: app.now(),
    messageId: link.messageId,
    position: link.position,
    ip: clientIp(headers),
    userAgent: (headers.get("User-Agent") ?? "").slice(0, MAX_USER_AGENT).toWellFormed(),
    prefetch: purpose.some((text) => /prefetch|preview|prerender/i.test(text ?? "")),
  };
}

/** T-03 and T-04. */
async function unsubscribeLink(
  app: App,
  links: Links,
  request: Request,
  path: string,
): Promise<Response> {
  const link = await links.read("unsubscribe", path.slice(LINK_PATHS.unsubscribe.length));
  if (!link) return notFound();
  if (!isRead(request) && request.method !== "POST") return notAllowed("GET, HEAD, POST");
  try {
    return request.method === "POST"
      ? await confirm(app, link, request)
      : await show(app, link, request);
  } catch (error) {
    app.log("error", "unsubscribe_failed", { message: link.messageId, reason: reasonOf(error) });
    const page = await failedPage();
    return new Response(page.html, {
      status: 503,
      headers: { ...COMMON, ...page.headers, "Retry-After": RETRY_SECONDS },
    });
  }
}

async function show(app: App, link: Unsubscribe, request: Request): Promise<Response> {
  const subscription = await findSubscription(app.db, link.messageId);
  const page = await unsubscribePage({ link, from: subscription?.from ?? null });
  const headers = { ...COMMON, ...page.headers };
  return new Response(request.method === "HEAD" ? null : page.html, { headers });
}

async function confirm(app: App, link: Unsubscribe, request: Request): Promise<Response> {
  const form = await readForm(request);
  const oneClick = form?.get("List-Unsubscribe") === "One-Click";
  if (!oneClick && form?.get(CONFIRM_FIELD) !== "yes") {
    const text = "Send List-Unsubscribe=One-Click as a form (RFC 8058).\n";
    return new Response(text, { status: 400, headers: { ...COMMON, ...PLAIN } });
  }
  const found = await findSubscription(app.db, link.messageId);
  const reason = oneClick ? "one-click unsubscribe (RFC 8058)" : "unsubscribe page";
  await recordWish(app, link, found, reason);
  if (oneClick) return new Response("Unsubscribed.\n", { headers: { ...COMMON, ...PLAIN } });
  if (link.url !== null) {
    const { sendId = "", listId = "" } = found ?? {};
    const parameters = { email: link.address, sendid: sendId, listid: listId };
    const Location = withParameters(link.url, parameters);
    return new Response(null, { status: 303, headers: { ...COMMON, Location } });
  }
  const page = await donePage({ link, from: found?.from ?? null });
  return new Response(page.html, { headers: { ...COMMON, ...page.headers } });
}

/** Stops marketing mail to the address of a link, before the answer says so. */
async function recordWish(
  app: App,
  link: Unsubscribe,
  found: Subscription | null,
  reason: string,
): Promise<void> {
  const { messageId, position, address } = link;
  if (await wasErased(app, link)) {
    const md5Entry = MD5_PREFIX + md5Hex(addressKey(address));
    const wish = { md5Entry, messageId, at: app.now() };
    return twice(() => unsubscribeErased(app.db, wish, reason));
  }
  // After the purge the message cannot tell them any more; the wish counts all the same.
  const { tags, sendId, listId } = found ?? { tags: "", sendId: "", listId: "" };
  const base = { id: app.newId(), at: app.now(), messageId, position, email: address };
  const mailClass = found ? { mailClass: found.mailClass } : {};
  const event = { ...base, tags, sendId, listId, ...mailClass, name: "unsubscribe" } as const;
  const changed = await twice(() => unsubscribe(app.db, event, reason));
  if (changed) app.background("wake_webhooks_failed", app.wake.events());
}

/** Whether the address was erased after the mail of this link was accepted. */
async function wasErased(app: App, { address, messageId }: Unsubscribe): Promise<boolean> {
  const hashOf = await erasureHasher(app.config.encryptionKey);
  const erasure = await findErasure(app.db, await hashOf(addressKey(address)));
  return erasure !== null && messageId < erasureBound(erasure);
}

const PLAIN = { "Content-Type": "text/plain; charset=utf-8" };

/** The fields of a small form, either encoding (RFC 8058 §3.1); null when it is none. */
async function readForm(request: Request): Promise<FormData | null> {
  const deadline = AbortSignal.timeout(FORM_DEADLINE_MS);
  const bytes = await readUpTo(request.body, MAX_FORM_BYTES + 1, deadline);
  if (bytes.length > MAX_FORM_BYTES) return null;
  const type = request.headers.get("Content-Type") ?? "";
  const body = new Response(bytes, { headers: { "Content-Type": type } });
  return body.formData().catch(() => null);
}

/** The URL with parameters added; what stands in it stays byte for byte. */
function withParameters(url: string, parameters: Readonly<Record<string, string>>): string {
  const location = locationOf(url);
  const hash = location.indexOf("#");
  const before = hash < 0 ? location : location.slice(0, hash);
  const added = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
  const separator = before.includes("?") ? (/[?&]$/.test(before) ? "" : "&") : "?";
  return before + separator + added + (hash < 0 ? "" : location.slice(hash));
}

function notFound(): Response {
  const headers = { ...COMMON, ...PLAIN };
  return new Response("This link is not one of ours, or was changed.\n", { status: 404, headers });
}

function notAllowed(allow: string): Response {
  return new Response(null, { status: 405, headers: { ...COMMON, Allow: allow } });
}
