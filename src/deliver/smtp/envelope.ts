// The commands that open a transaction, and the transactions that this relay cannot take or that must
// not be spoken: those are refused here, in a relay's words, without a byte being sent. Pure.
import type { Capabilities } from "./capabilities.ts";
import type { Ending, Transaction } from "./transaction.ts";

type Refused = Extract<Ending, { kind: "refused" }>;

/** MAIL, RCPT and DATA, each with its line end; one group under PIPELINING (RFC 2920 §3.1). */
export type EnvelopeCommands = {
  readonly mail: string;
  readonly rcpt: string;
  readonly data: string;
};

// Last guard before the wire; addresses were validated when they were accepted. Nothing that could
// end a command or an argument, and no longer than a path may be (RFC 5321 §4.5.3.1: 64 + 1 + 255).
const FORBIDDEN = /[\p{Cc}\s<>]/u;
const MAX_PATH = 320;
const NON_ASCII = /[^\0-\x7F]/u;

/** The commands for a transaction that `localRefusal` has let pass. */
export function envelopeCommands(tx: Transaction, can: Capabilities): EnvelopeCommands {
  const parameters = [
    ...(can.size === null ? [] : [`SIZE=${contentBytes(tx)}`]),
    ...(tx.eightBit && can.eightBitMime ? ["BODY=8BITMIME"] : []),
    ...(needsUtf8(tx) ? ["SMTPUTF8"] : []),
  ];
  return {
    mail: `${["MAIL", `FROM:<${tx.from}>`, ...parameters].join(" ")}\r\n`,
    rcpt: `RCPT TO:<${tx.to}>\r\n`,
    data: "DATA\r\n",
  };
}

/**
 * Why this transaction must not be sent to a relay with these capabilities, or null. A refusal, not an
 * exception: the message ends in one terminal state instead of coming back for ever.
 */
export function localRefusal(tx: Transaction, can: Capabilities, tls: boolean): Refused | null {
  const refuse = (
    step: "mail" | "rcpt",
    code: number,
    enhanced: string,
    text: string,
  ): Refused => ({
    kind: "refused",
    step,
    reply: { code, enhanced, lines: [`${enhanced} ${text} (not sent)`] },
    tls,
  });
  if (unspeakable(tx.from)) return refuse("mail", 501, "5.1.7", "sender address cannot be sent");
  if (tx.to === "" || unspeakable(tx.to)) {
    return refuse("rcpt", 501, "5.1.3", "recipient address cannot be sent");
  }
  const size = contentBytes(tx);
  if (can.size !== null && can.size > 0 && size > can.size) {
    const text = `message of ${size} bytes, the relay takes ${can.size}`;
    return refuse("mail", 552, "5.3.4", text);
  }
  // RFC 6531 §3.1: without the extension such a message must not be sent.
  if (needsUtf8(tx) && !can.smtputf8) {
    return refuse("mail", 553, "5.6.7", "message needs SMTPUTF8, the relay does not offer it");
  }
  // RFC 6152 §3: convert or return; composing already chose 7-bit encodings wherever it could.
  if (tx.eightBit && !can.eightBitMime) {
    return refuse("mail", 554, "5.6.3", "message is 8-bit, the relay does not offer 8BITMIME");
  }
  return null;
}

function unspeakable(address: string): boolean {
  return address.length > MAX_PATH || FORBIDDEN.test(address);
}

function needsUtf8(tx: Transaction): boolean {
  return tx.smtputf8 || NON_ASCII.test(tx.from) || NON_ASCII.test(tx.to);
}

/** Bytes before stuffing: what SIZE declares (RFC 1870 §5). */
function contentBytes(tx: Transaction): number {
  return tx.content.reduce((sum, chunk) => sum + chunk.length, 0);
}
