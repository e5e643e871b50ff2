// What /v1/keys answers and takes, and how a key is used. Pure.
import type { Snippet } from "../../lib/snippet.ts";

export type Key = {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly scopes: readonly string[];
  readonly domain: string | null;
  readonly mail_class: string | null;
  readonly limits: Limits<number | null>;
  readonly hint: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
  /** When the secret before the last rotation stops, or stopped. */
  readonly previous_until: string | null;
};

type Limits<T> = { readonly per_second: T; readonly burst: T; readonly daily: T };

/** Which API a key opens. */
export const FAMILIES: Readonly<Record<string, string>> = {
  kasplo: "The API, /v1",
  kasapost: "The KasaPost API: sends for one domain",
  audience: "The Audience API: lists and contacts",
  mailing_lists: "The Mailing Lists API",
};

/** What a key may, where: `send, read`, or `Audience API: read`. */
export function mayText({ family, scopes }: Pick<Key, "family" | "scopes">): string {
  const api = FAMILIES[family]?.split(":")[0]?.replace(/^The /, "") ?? family;
  return family === "kasplo" ? scopes.join(", ") : `${api}: ${scopes.join(", ")}`;
}

/** What a scope lets a key do. */
export const SCOPE_WORDS: Readonly<Record<string, string>> = {
  send: "send: mail",
  read: "read: messages, events, statistics",
  manage: "manage: domains, webhooks, keys, all settings",
};

/** What a limit is of. */
export const LIMIT_WORDS: Limits<string> = {
  per_second: "Recipients a second",
  burst: "Recipients at once",
  daily: "Recipients a day",
};
export const LIMITS = ["per_second", "burst", "daily"] as const;

/** The form of a new key; what is empty is not asked for. */
export type NewKey = {
  readonly name: string;
  readonly family: string;
  readonly scopes: readonly string[];
  readonly domain: string;
  readonly mailClass: string;
  readonly expires: string;
  readonly limits: Limits<string>;
};

export const NO_KEY: NewKey = {
  name: "",
  family: "kasplo",
  scopes: ["send"],
  domain: "",
  mailClass: "",
  expires: "",
  limits: { per_second: "", burst: "", daily: "" },
};

/** The body of POST /v1/keys. */
export function bodyOf({ name, family, scopes, domain, mailClass, expires, limits }: NewKey) {
  const asked = LIMITS.filter((limit) => limits[limit] !== "");
  return {
    name,
    family,
    scopes,
    ...(domain.trim() === "" ? {} : { domain: domain.trim() }),
    ...(mailClass === "" ? {} : { mailClass }),
    ...(expires === "" ? {} : { expires_at: expires }),
    ...(asked.length === 0
      ? {}
      : { limits: Object.fromEntries(asked.map((limit) => [limit, Number(limits[limit])])) }),
  };
}

/** Whether something that was made for a while still works. */
export function stateOf(
  { revoked_at: revoked, expires_at: expires }: Pick<Key, "revoked_at" | "expires_at">,
  now: number,
): "active" | "revoked" | "expired" {
  if (revoked !== null) return "revoked";
  return expires !== null && Date.parse(expires) <= now ? "expired" : "active";
}

/** What a key is kept to, in words. */
export function boundsText({ domain, mail_class: mailClass, limits }: Key): string {
  const { per_second: rate, burst, daily } = limits;
  return [
    domain,
    mailClass && `${mailClass} mail`,
    rate !== null && `${rate} a second`,
    burst !== null && `${burst} at once`,
    daily !== null && `${daily} a day`,
  ]
    .filter(Boolean)
    .join(", ");
}

/** The account, as far as the other APIs are entered with it. */
export type Ids = { readonly sid: string; readonly org_id: string };

/** A text as one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** How a key is shown to its API, to be pasted into a shell. */
export function curlOf(
  key: Pick<Key, "family" | "scopes" | "domain">,
  secret: string,
  at: Ids & { readonly origin: string; readonly from: string },
): Snippet {
  return { program: "curl", file: "In a shell", text: textOf(key, secret, at) };
}

function textOf(
  { family, scopes }: Pick<Key, "family" | "scopes">,
  secret: string,
  { origin, from, sid, org_id: orgId }: Ids & { readonly origin: string; readonly from: string },
): string {
  const bearer = `-H 'Authorization: Bearer ${secret}'`;
  const json = `-H 'Content-Type: application/json'`;
  const mail = { subject: "Hello", text: "It works." };
  switch (family) {
    case "kasapost":
      return `curl ${origin}/api/v2/kasapost/send/ \\
  ${bearer} \\
  ${json} \\
  -d ${quoted(JSON.stringify({ from, to: ["you@example.com"], ...mail }))}`;
    case "audience":
      return `curl ${origin}/audience/v1/${sid}/list -H 'api-key: ${secret}'`;
    case "mailing_lists":
      return `curl ${origin}/ga/api/v2/mailing_lists -u '${orgId}:${secret}'`;
    default:
      if (!scopes.includes("send")) return `curl ${origin}/v1/messages \\\n  ${bearer}`;
      return `curl ${origin}/v1/send-email \\
  ${bearer} \\
  ${json} \\
  -d ${quoted(JSON.stringify({ from, to: "you@example.com", ...mail }))}`;
  }
}
