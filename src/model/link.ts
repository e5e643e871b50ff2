// The links that Edgepost puts into mail: what each says, and the port that signs and reads them. What
// a link needs stands in it, so that following one asks no database.

/** What a link says. */
export type Link =
  | { readonly kind: "open"; readonly messageId: string; readonly position: number }
  | {
      readonly kind: "click";
      readonly messageId: string;
      readonly position: number;
      /** Which link of the message, from 0. */
      readonly index: number;
      /** Where it leads: http or https. */
      readonly url: string;
    }
  | {
      readonly kind: "unsubscribe";
      readonly messageId: string;
      readonly position: number;
      /** Kept in the link, so that it works as long as the mail exists. */
      readonly address: string;
      /** Where the page leads afterwards, or null. */
      readonly url: string | null;
    };

/** What a link to a finished file says. It leads to no mail, and whoever has it needs no API key. */
export type FileLink = { readonly kind: "export"; readonly exportId: string };

/** Signs and reads links to files, whether or not anything is tracked. */
export type FileLinks = {
  /** The link from its path on. */
  readonly pathOf: (link: FileLink) => Promise<string>;
  /** The link of a token; null when it was not signed here as it stands. */
  readonly read: (token: string) => Promise<FileLink | null>;
};

/** Signs links and reads them. The same link gives the same URL, as long as the keys are the same. */
export type Links = {
  /** Where every link starts, without a slash at the end. */
  readonly origin: string;
  /** The same links on another host name that leads here. */
  readonly on: (host: string) => Links;
  /** The absolute URL of a link. */
  readonly urlOf: (link: Link) => Promise<string>;
  /** The link of a token of this kind; null when it was not signed here as it stands. */
  readonly read: <Kind extends Link["kind"]>(
    kind: Kind,
    token: string,
  ) => Promise<Extract<Link, { readonly kind: Kind }> | null>;
};

/** `{{unsubscribe_url}}` stands for the recipient's unsubscribe link. */
export const UNSUBSCRIBE_VARIABLE = "unsubscribe_url";

/** The first part of a link's path. */
export const LINK_PATHS: Readonly<Record<(Link | FileLink)["kind"], string>> = {
  open: "/o/",
  click: "/c/",
  unsubscribe: "/u/",
  export: "/x/",
};

/** Browsers and proxies take URLs of 8 KB; a token is four thirds of its target. */
const MAX_TARGET_BYTES = 4_096;

/** Where a link may lead, as it stands in an href: http or https, no control characters; or null. */
export function linkTarget(href: string): string | null {
  // As a browser does (URL standard, "basic URL parser" 1 and 3).
  const text = href.replace(/^[\x20\t\r\n\f]+|[\x20\t\r\n\f]+$|[\t\r\n]/g, "");
  if (!/^https?:\/\/[^/\\]/i.test(text) || !URL.canParse(text) || !text.isWellFormed()) return null;
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  if (/[\x00-\x1f\x7f]/.test(text)) return null;
  const bytes = text.length * 3 <= MAX_TARGET_BYTES ? 0 : new TextEncoder().encode(text).length;
  return bytes > MAX_TARGET_BYTES ? null : text;
}

/** A target as the value of a Location field: ASCII without spaces. */
export function locationOf(target: string): string {
  return /^[\x21-\x7e]+$/.test(target) ? target : new URL(target).href;
}
