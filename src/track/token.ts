// Link tokens: base64url(payload | HMAC-SHA-256 cut to 128 bits). The payload is a version and kind, the
// key's id, the message and position, and what the kind adds. Nothing is random and nothing is timed,
// so a message has the same bytes at every attempt. One changed bit, or another spelling of the same
// bytes, is refused.
import { fromBase64Url, toBase64Url } from "../lib/base64url.ts";
import { concat, fromUtf8, utf8 } from "../lib/bytes.ts";
import { sameBytes } from "../lib/digest.ts";
import type { Config } from "../model/config.ts";
import {
  type FileLink,
  type FileLinks,
  type Link,
  LINK_PATHS,
  type Links,
  linkTarget,
} from "../model/link.ts";
import {
  type KeyRing,
  readUint16,
  tagOf,
  tokenKeys,
  uint16,
  UUID_BYTES,
  uuidBytes,
  uuidText,
} from "../model/token-keys.ts";

const VERSION = 1;
type AnyLink = Link | FileLink;
const KINDS = [
  "open",
  "click",
  "unsubscribe",
  "export",
] as const satisfies readonly AnyLink["kind"][];
const TAG_BYTES = 16;
/** Longer than any token that is made; not decoded. */
const MAX_TOKEN_LENGTH = 8_192;

/** The links of a deployment, or null when it does not say where they lead. */
export function linksOf(config: Config): Links | null {
  const { publicUrl } = config;
  if (publicUrl === null) return null;
  return linksFrom(publicUrl, tokenKeys(config));
}

function linksFrom(origin: string, keys: () => Promise<KeyRing>): Links {
  return {
    origin,
    on(host) {
      const url = new URL(origin);
      url.hostname = host;
      return linksFrom(url.origin, keys);
    },
    async urlOf(link) {
      const token = await makeToken(await keys(), link);
      return `${origin}${LINK_PATHS[link.kind]}${token}${link.kind === "open" ? ".gif" : ""}`;
    },
    async read(kind, token) {
      const link = await readToken(await keys(), token);
      return link && isKind(link, kind) ? link : null;
    },
  };
}

/** The links to files of a deployment, under the same keys. */
export function fileLinksOf(config: Config): FileLinks {
  const keys = tokenKeys(config);
  return {
    pathOf: async (link) => LINK_PATHS[link.kind] + (await makeToken(await keys(), link)),
    async read(token) {
      const link = await readToken(await keys(), token);
      return link && isKind(link, "export") ? link : null;
    },
  };
}

function isKind<Kind extends AnyLink["kind"]>(
  link: AnyLink,
  kind: Kind,
): link is Extract<AnyLink, { readonly kind: Kind }> {
  return link.kind === kind;
}

async function makeToken({ signing }: KeyRing, link: AnyLink): Promise<string> {
  const payload = encode(link, signing.id);
  return toBase64Url(concat([payload, await tagOf(signing.key, payload, TAG_BYTES)]));
}

function encode(link: AnyLink, keyId: string): Uint8Array<ArrayBuffer> {
  const id = utf8(keyId);
  const head = [(VERSION << 4) | KINDS.indexOf(link.kind), id.length];
  return concat([Uint8Array.from(head), id, Uint8Array.from(place(link)), details(link)]);
}

function place(link: AnyLink): readonly number[] {
  if (link.kind === "export") return uuidBytes(link.exportId);
  return [...uuidBytes(link.messageId), ...uint16(link.position)];
}

function details(link: AnyLink): Uint8Array {
  switch (link.kind) {
    case "open":
    case "export":
      return new Uint8Array();
    case "click":
      return concat([Uint8Array.from(uint16(link.index)), utf8(link.url)]);
    case "unsubscribe": {
      const address = utf8(link.address);
      return concat([Uint8Array.from(uint16(address.length)), address, utf8(link.url ?? "")]);
    }
  }
}

async function readToken(ring: KeyRing, token: string): Promise<AnyLink | null> {
  const bytes = token.length <= MAX_TOKEN_LENGTH ? fromBase64Url(token) : null;
  if (!bytes || bytes.length < 2 + UUID_BYTES + TAG_BYTES) return null;
  const payload = bytes.slice(0, bytes.length - TAG_BYTES);
  const keyEnd = 2 + (payload[1] ?? 0);
  const key = ring.verifying.get(fromUtf8(payload.subarray(2, keyEnd)));
  if (!key || !sameBytes(await tagOf(key, payload, TAG_BYTES), bytes.subarray(payload.length)))
    return null;
  return decode(payload[0] ?? 0, payload.subarray(keyEnd));
}

/** What a signed payload says; null for one that another version signed. */
function decode(head: number, rest: Uint8Array): AnyLink | null {
  const kind = head >> 4 === VERSION ? KINDS[head & 0xf] : undefined;
  if (kind === undefined || rest.length < UUID_BYTES) return null;
  const id = uuidText(rest.subarray(0, UUID_BYTES));
  if (kind === "export") return rest.length === UUID_BYTES ? { kind, exportId: id } : null;
  return rest.length < UUID_BYTES + 2 ? null : decodeMailLink(kind, id, rest);
}

function decodeMailLink(kind: Link["kind"], messageId: string, rest: Uint8Array): Link | null {
  const position = readUint16(rest, UUID_BYTES);
  const own = rest.subarray(UUID_BYTES + 2);
  switch (kind) {
    case "open":
      return own.length === 0 ? { kind, messageId, position } : null;
    case "click": {
      const url = linkTarget(fromUtf8(own.subarray(2)));
      return url === null ? null : { kind, messageId, position, index: readUint16(own, 0), url };
    }
    case "unsubscribe": {
      const end = 2 + readUint16(own, 0);
      const after = fromUtf8(own.subarray(end));
      const url = after === "" ? null : linkTarget(after);
      if (after !== "" && url === null) return null;
      return { kind, messageId, position, address: fromUtf8(own.subarray(2, end)), url };
    }
  }
}
