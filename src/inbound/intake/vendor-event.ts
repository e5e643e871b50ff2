// What a vendor's event says in our words: which delivery it may mean, and what happened to it. Each
// vendor's file turns its payloads into these; nothing else here knows a vendor. Pure.
import * as z from "zod";
import { fromUtf8 } from "../../lib/bytes.ts";
import { BAD_ADDRESS, type BounceCode } from "../../model/bounce.ts";
import { judgeWords, type ToldRefusal } from "../../model/bounce-words.ts";
import { printable } from "../../model/relay-words.ts";
import type { Said } from "../../model/report.ts";

/** One event of a vendor. */
export type VendorEvent = {
  /** The vendor's word for it, for counts and logs. */
  readonly name: string;
  /** Epoch milliseconds; null when it does not say. */
  readonly at: number | null;
  readonly meant: Meant;
  readonly meaning: Meaning;
};

/** How an event names its delivery; looked for in this order. Empty and null where it does not say. */
export type Meant = {
  /** Our mark (model/intake.ts) out of the vendor's metadata. */
  readonly mark: string | null;
  /** Ids of the vendor's own; one may stand in the 250 reply with which it took the message. */
  readonly replyIds: readonly string[];
  /** The Message-ID header, with or without angle brackets. */
  readonly messageId: string | null;
  /** The reverse-path that the message was sent with. */
  readonly returnPath: string | null;
  /** Addresses of the recipient; a forwarder may have added its own. */
  readonly addresses: readonly string[];
};

/** What happened. */
export type Meaning =
  | Said
  /** The reader asked the vendor for no more mail. */
  | { readonly kind: "unsubscribe"; readonly reply: string }
  /** Understood, and not recorded: the vendor's opens and clicks (ours count), tries that go on, bookkeeping. */
  | { readonly kind: "ignored" }
  /** A type that we do not know. */
  | { readonly kind: "unknown" };

export const IGNORED: Meaning = { kind: "ignored" };
export const UNKNOWN: Meaning = { kind: "unknown" };

/** A delivery that nothing names. */
export const NOBODY: Meant = {
  mark: null,
  replyIds: [],
  messageId: null,
  returnPath: null,
  addresses: [],
};

/** An event that does not have the form its vendor documents. */
export const MALFORMED: VendorEvent = {
  name: "malformed",
  at: null,
  meant: NOBODY,
  meaning: UNKNOWN,
};

/** What judging a bounce needs: the words, and what the vendor makes of them. */
export type ToldBounce = ToldRefusal & {
  /** Host that refused, "" when nobody said. */
  readonly host?: string;
  /** The vendor's own judgement: it counts only where the words decide nothing. */
  readonly otherwise: BounceCode;
};

/** A bounce, judged by the same rules as a reply in our own dialogue. */
export function bounce({ text, status, host = "", otherwise }: ToldBounce): Meaning {
  const { code, reply } = judgeWords({ text, status });
  return {
    kind: "bounce",
    code: decided(code, otherwise),
    reply,
    host: printable(host, MAX_HOST),
  };
}

/** What the rules say when they do not know the words of a permanent and of a temporary failure. */
const GENERAL = 40 satisfies BounceCode;
const TEMPORARY = 20 satisfies BounceCode;

function decided(byWords: BounceCode, otherwise: BounceCode): BounceCode {
  if (byWords === GENERAL) return otherwise;
  // A temporary failure that was given up says nothing about the address.
  const better = otherwise !== GENERAL && otherwise !== BAD_ADDRESS;
  return byWords === TEMPORARY && better ? otherwise : byWords;
}

/** RFC 1035 §2.3.4. */
const MAX_HOST = 253;

/** What the vendor did not even try, by its own policy, such as a suppression list. */
export function notTried(why: string): Meaning {
  return { kind: "bounce", code: 123, reply: printable(why), host: "" };
}

/** Anything but a bounce, with the vendor's words on one line. */
export function said(
  kind: "complaint" | "auto_reply" | "delayed" | "received" | "unsubscribe",
  text: string,
): Meaning {
  return { kind, reply: printable(text) };
}

/** A body as JSON; undefined when it is none. */
export function jsonOf(body: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof body === "string" ? body : fromUtf8(body));
  } catch {
    return undefined;
  }
}

/** A text that may be missing, null or a number. */
export const text = z
  .union([z.string(), z.number(), z.null()])
  .optional()
  .transform((value) => (value === undefined || value === null ? "" : String(value)));

/** Epoch seconds, as a number or as text; null when it is neither. */
export function ofSeconds(seconds: string): number | null {
  const value = Number(seconds);
  return seconds !== "" && Number.isFinite(value) && value > 0 ? Math.floor(value * 1000) : null;
}

/** A moment in ISO 8601; null when it is none. */
export function ofIso(moment: string): number | null {
  const value = Date.parse(moment);
  return Number.isNaN(value) ? null : value;
}

/** The texts that say something. */
export function given(...texts: readonly string[]): readonly string[] {
  return texts.filter((value) => value !== "");
}

/** A text, or null for an empty one. */
export function orNull(value: string): string | null {
  return value === "" ? null : value;
}
