// The unsubscribe pages: plain HTML without a script, readable by everybody and by screen readers. They
// work without any other request.
import { toBase64, utf8 } from "../lib/bytes.ts";
import { type Link, locationOf } from "../model/link.ts";
import type { Mailbox } from "../model/message.ts";
import { escapeHtml } from "../model/template.ts";

/** A page and the headers it needs. */
export type Page = { readonly html: string; readonly headers: Readonly<Record<string, string>> };

/** Who wants to hear no more, from whom; the sender is null when the message was purged. */
type Subject = {
  readonly link: Extract<Link, { readonly kind: "unsubscribe" }>;
  readonly from: Mailbox | null;
};

/** The field that our own form posts. */
export const CONFIRM_FIELD = "confirm";

const STYLE =
  "body{margin:0;background:#f5f5f2;color:#1a1a1a;font:18px/1.5 system-ui,sans-serif}" +
  "main{max-width:32rem;margin:12vh auto;padding:2rem;background:#fff}" +
  "h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}p{overflow-wrap:anywhere}" +
  "button{font:inherit;font-weight:600;padding:.75rem 1.5rem;border:0;border-radius:.25rem;" +
  "background:#14532d;color:#fff;cursor:pointer}" +
  "button:focus-visible{outline:3px solid #2563eb;outline-offset:3px}" +
  "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}main{background:#1d1d1b}}";

/** Asks whether to unsubscribe. */
export function unsubscribePage({ link, from }: Subject): Promise<Page> {
  const sender = senderOf(from);
  // A browser judges the redirect after a form by form-action too.
  const after = link.url === null ? "" : ` ${new URL(locationOf(link.url)).origin}`;
  return page(
    `Unsubscribe from ${sender}?`,
    `<p>${escapeHtml(link.address)} will get no more newsletters and offers. Mail that you ask for, ` +
      `such as receipts, still comes.</p><form method="post">` +
      `<input type="hidden" name="${CONFIRM_FIELD}" value="yes">` +
      `<button type="submit">Unsubscribe</button></form>`,
    `'self'${after}`,
  );
}

/** Says that it is done. */
export function donePage({ link, from }: Subject): Promise<Page> {
  const text = `${escapeHtml(link.address)} will get no more newsletters and offers from them.`;
  return page(
    `You are unsubscribed from ${senderOf(from)}.`,
    `<p role="status">${text}</p>`,
    "'none'",
  );
}

/** Says that it did not work. */
export function failedPage(): Promise<Page> {
  const text = "Nothing was changed. Please try again in a minute.";
  return page("That did not work.", `<p role="alert">${text}</p>`, "'none'");
}

function senderOf(from: Mailbox | null): string {
  return from?.name || from?.address || "this sender";
}

/** `heading` is text, `body` is HTML. */
async function page(heading: string, body: string, formAction: string): Promise<Page> {
  const title = escapeHtml(heading);
  const html =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>` +
    `<meta name="viewport" content="width=device-width,initial-scale=1"><style>${STYLE}</style>` +
    `</head><body><main><h1>${title}</h1>${body}</main></body></html>`;
  const hash = toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(STYLE))));
  const policy =
    `default-src 'none'; style-src 'sha256-${hash}'; form-action ${formAction}; ` +
    "base-uri 'none'; frame-ancestors 'none'";
  const headers = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": policy,
    "X-Frame-Options": "DENY",
  };
  return { html, headers };
}
