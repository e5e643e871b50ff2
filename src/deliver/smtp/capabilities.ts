// What a relay said it can do, read from its reply to EHLO (RFC 5321 §4.1.1.1). Pure.
import type { Reply } from "./transaction.ts";

/** The extensions that the client uses. */
export type Capabilities = {
  /** RFC 2920. */
  readonly pipelining: boolean;
  /** RFC 6152. */
  readonly eightBitMime: boolean;
  /** RFC 6531. */
  readonly smtputf8: boolean;
  /** RFC 3207. */
  readonly startTls: boolean;
  /** RFC 1870: largest message in bytes, 0 when offered without a maximum, null when not offered. */
  readonly size: number | null;
  /** RFC 4954: mechanisms in upper case. */
  readonly auth: readonly string[];
};

/** What a server has that knows only HELO. */
export const NO_CAPABILITIES: Capabilities = {
  pipelining: false,
  eightBitMime: false,
  smtputf8: false,
  startTls: false,
  size: null,
  auth: [],
};

/** Reads the lines after the first, which only names the server. */
export function capabilitiesOf(reply: Reply): Capabilities {
  const offered = new Map<string, readonly string[]>();
  for (const line of reply.lines.slice(1)) {
    // `AUTH=LOGIN` is an old form that some servers still send beside `AUTH LOGIN`.
    const [keyword = "", ...words] = line
      .toUpperCase()
      .replace(/^AUTH=/u, "AUTH ")
      .split(/ +/u);
    offered.set(keyword, [...(offered.get(keyword) ?? []), ...words]);
  }
  return {
    pipelining: offered.has("PIPELINING"),
    eightBitMime: offered.has("8BITMIME"),
    smtputf8: offered.has("SMTPUTF8"),
    startTls: offered.has("STARTTLS"),
    size: sizeOf(offered.get("SIZE")),
    auth: offered.get("AUTH") ?? [],
  };
}

/** The value has at most 20 digits (RFC 1870 §3); what is no number limits nothing. */
function sizeOf(words: readonly string[] | undefined): number | null {
  if (words === undefined) return null;
  const digits = /^\d{1,20}$/u.exec(words[0] ?? "")?.[0];
  return digits === undefined ? 0 : Number(digits);
}
