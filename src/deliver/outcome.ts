// How a transaction with a relay ended → what that means for the delivery, in words and codes of the
// contract (3.7, 3.8). Only a judgement about this message bounces it; a relay that could not be used
// defers it (decision 18). Pure.
import { BAD_ADDRESS, isBounceCode } from "../model/bounce.ts";
import type { BounceCode } from "../model/bounce.ts";
import { classify } from "../model/bounce-rules.ts";
import { printable, relayWords } from "../model/relay-words.ts";
import type { Ending, Reply } from "./smtp/transaction.ts";

/** What one attempt means. */
export type Outcome = {
  readonly state: "delivered" | "deferred" | "bounced";
  /** `unknown`: the relay may have accepted the message, but nobody read its answer. */
  readonly result: "success" | "failure" | "deferral" | "unknown";
  /** Code of the bounce now, or of the one to come if this deferral expires; null when delivered. */
  readonly code: BounceCode | null;
  /** The relay's words, or without any what happened; one printable line, at most 1,000 characters. */
  readonly reply: string;
  /** Text of contract 3.8 with real newlines, newline at the end. */
  readonly text: string;
  /** Whether the session was encrypted; null when there was no session. */
  readonly tls: boolean | null;
};

type Refused = Extract<Ending, { kind: "refused" }>;
type Unusable = Extract<Ending, { kind: "unusable" }>;
type Broken = Extract<Ending, { kind: "broken" }>;

/** Judges how a transaction ended. `relay` is its configured address, else its host name ({IP} of 3.8). */
export function judge(ending: Ending, context: { readonly relay: string }): Outcome {
  const { relay } = context;
  switch (ending.kind) {
    case "accepted": {
      const reply = relayWords(ending.reply);
      const text = said(`${relay} accepted message.`, reply);
      return { state: "delivered", result: "success", code: null, reply, text, tls: ending.tls };
    }
    case "refused":
      return refused(ending, relay);
    case "unusable":
      return unusable(ending, relay);
    case "broken":
      return broken(ending, relay);
  }
}

/** What stands in the events when the queue lifetime ends before a relay took the message. */
export type Expiry = {
  readonly state: "expired";
  readonly result: "failure_toolong";
  readonly code: BounceCode;
  /** The last deferral's text and the contract's closing sentence, real newlines. */
  readonly text: string;
};

/** The end of a delivery that was deferred until its lifetime ran out (F-077). */
export function expire(last: { readonly text: string; readonly code: number | null }): Expiry {
  const { text, code } = last;
  const before = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return {
    state: "expired",
    result: "failure_toolong",
    code: code !== null && isBounceCode(code) ? code : 20,
    text: `${before}${TOO_LONG}\n`,
  };
}

/** A text of 3.8 as `message` of a delivery_attempt writes it: newlines as `/`. */
export function oneLine(text: string): string {
  return text.replaceAll("\n", "/");
}

const TOO_LONG = "I'm not going to try again; this message has been in the queue too long.";

// RFC 4954 §6 and RFC 3207 §4: the relay asks for AUTH or STARTTLS, or does not believe our
// credentials. Some say so only at MAIL; it is about our account there, not about this message.
const ACCOUNT_REFUSALS: ReadonlySet<number> = new Set([530, 534, 535, 538]);

function refused(ending: Refused, relay: string): Outcome {
  const { step, tls } = ending;
  const aboutUs = step === "mail" && ACCOUNT_REFUSALS.has(ending.reply.code);
  const permanent = !aboutUs && isPermanent(ending.reply);
  const reply = relayWords(ending.reply);
  return {
    state: permanent ? "bounced" : "deferred",
    result: permanent ? "failure" : "deferral",
    code: aboutUs ? 59 : codeAt(step, ending.reply),
    reply,
    text: said(REFUSALS[step](relay), reply),
    tls,
  };
}

/** At MAIL the relay has not heard of the recipient yet: whatever it says, the address is not bad. */
function codeAt(step: Refused["step"], reply: Reply): BounceCode {
  const code = classify(reply);
  return step === "mail" && code === BAD_ADDRESS ? 40 : code;
}

/** qmail's sentences where 3.8 has none for the step. */
const REFUSALS: Readonly<Record<Refused["step"], (relay: string) => string>> = {
  mail: (relay) => `Connected to ${relay} but sender was rejected.`,
  rcpt: (relay) => `${relay} does not like recipient.`,
  data: (relay) => `${relay} failed on DATA command.`,
  content: (relay) => `${relay} failed after I sent the message.`,
};

function unusable(ending: Unusable, relay: string): Outcome {
  const { step } = ending;
  const deferred = { state: "deferred", result: "deferral", tls: null } as const;
  if (ending.reply !== null) {
    const reply = relayWords(ending.reply);
    const code = isPermanent(ending.reply) ? 59 : 29;
    return { ...deferred, code, reply, text: said(failedAt(step, relay), reply) };
  }
  const reason = printable(ending.reason);
  if (step === "connect" && NAME_FAILURE.test(reason)) {
    return { ...deferred, code: 21, reply: reason, text: because(NO_HOST, `${relay}: ${reason}`) };
  }
  const what = step === "connect" ? NO_CONNECTION : `${failedAt(step, relay)} (#4.4.2)`;
  return { ...deferred, code: 29, reply: reason, text: because(what, `${relay}: ${reason}`) };
}

const NO_HOST = "Sorry, I couldn't find any host by that name. (#4.1.2)";
const NO_CONNECTION = "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)";

// How resolvers word a name that does not resolve. Sockets of Workers say the same for every failed
// connect ("cannot connect to the specified address"): those are 29.
const NAME_FAILURE =
  /\bdns\b|\b(?:resolve[ds]?|resolution)\b|\benotfound\b|\beai_again\b|\bgetaddrinfo\b|no such host|(?:host|name|address) (?:was )?not (?:found|known)/iu;

function failedAt(step: Unusable["step"], relay: string): string {
  return `Connected to ${relay} but ${WHAT_FAILED[step]}.`;
}

const WHAT_FAILED: Readonly<Record<Unusable["step"], string>> = {
  connect: "connection died",
  greeting: "greeting failed",
  ehlo: "my name was rejected",
  starttls: "TLS failed",
  auth: "authentication failed",
};

function broken(ending: Broken, relay: string): Outcome {
  const reason = printable(ending.reason);
  const died = `Connected to ${relay} but connection died.`;
  const text = ending.ambiguous
    ? because(
        `${died} Possible duplicate! (#4.4.2)`,
        `The message may have been accepted: no reply to its end was read (${reason}).`,
      )
    : because(
        `${died} (#4.4.2)`,
        `The message was not accepted: ${DURING[ending.step]} ${reason}.`,
      );
  return {
    state: "deferred",
    result: ending.ambiguous ? "unknown" : "deferral",
    code: 20,
    reply: reason,
    text,
    tls: ending.tls,
  };
}

const DURING: Readonly<Record<Broken["step"], string>> = {
  mail: "at MAIL,",
  rcpt: "at RCPT,",
  data: "at DATA,",
  content: "before its end was sent,",
};

/** Anything but a well-formed 5xx (RFC 5321 §4.2.1) may be tried again. */
function isPermanent(reply: Reply): boolean {
  return reply.code >= 500 && reply.code <= 599;
}

function said(what: string, reply: string): string {
  return `${what}\nRemote host said: ${reply}\n`;
}

function because(what: string, detail: string): string {
  return `${what}\n${detail}\n`;
}
