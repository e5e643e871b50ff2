// Bounce mails without a status part: told by the sentences that mail systems begin them with. To teach
// Edgepost a new one, add the real mail to test/inbound/bounces.ts, then a sentence. Pure.
import { judgeWords } from "../model/bounce-words.ts";
import { printable } from "../model/relay-words.ts";
import type { Said } from "../model/report.ts";
import type { ReadMail } from "./read-mail.ts";

/** Sentences of mail systems that have not given up, in lower case, white space as one space. */
const STILL_TRYING: readonly RegExp[] = [
  // Sendmail
  /this is a warning message only/,
  // Exim
  /has not (?:yet )?been delivered to (?:one or more|all) of its recipients/,
  // Postfix
  /could not be delivered for more than \d{1,3} hour/,
  // Gmail
  /gmail will (?:keep trying|retry) for|delivery incomplete/,
  // Exchange
  /delivery (?:to these recipients|is) (?:has been )?delayed|message (?:hasn't|has not) been delivered yet/,
];

/** Sentences of mail systems that have given up. */
const GIVEN_UP: readonly RegExp[] = [
  // qmail
  /this is the qmail-send program at|i'm afraid i wasn't able to deliver your message/,
  // Postfix
  /your message could not be delivered to one or more recipients/,
  // Exim
  /could not be delivered to (?:one or more|all) of its recipients/,
  // Sendmail
  /the following addresses had permanent (?:fatal|delivery) errors/,
  // Exchange
  /did not reach the following recipient|delivery has failed to these recipients|your message to .{1,320} couldn't be delivered/,
  // Gmail
  /delivery to the following recipients? failed permanently|your message (?:wasn't|was not) delivered to/,
  // Yahoo
  /(?:sorry, we were|^message from [a-z0-9.-]{1,100} ) ?unable to deliver (?:your )?message to the following address/,
  // Domino, GroupWise
  /your message .{0,200}was not delivered to|the message that you sent was undeliverable to/,
];

/** Subjects of the same, where the text is another language or none; a mail of ours may be called so too. */
const FAILURE_SUBJECT =
  /undeliver(?:able|ed)|delivery (?:status notification \(failure\)|failure|failed)|failure notice|returned mail|mail delivery failed|delivery has failed|unzustellbar|non remis|no se puede entregar/;

/** Where the copy of the returned mail begins: its words are not the mail system's. */
const COPY =
  /^[ \t>]*(?:-{2,}[ \t]*(?:below this line|original message|this is a copy|returned message|unsent message|forwarded message|the body of the message)|_{5,}[ \t]*$|original message headers:|return-path:|received:[ \t]+(?:from|by|\()|message-id:)/im;

const MAX_TEXT = 8_000;

/** Who sends bounces: nobody (RFC 5321 §4.5.5), or the mail system itself. */
const DAEMON =
  /^(?:mailer-?daemon|postmaster|mail-?daemon|mail[. ]delivery|mdaemon|microsoftexchange[0-9a-f]*)@/i;

/** What a bounce mail without a status part says; null when the mail is none. */
export function readBounceText(mail: ReadMail, envelopeFrom: string): Said | null {
  if (!isFromMailSystem(mail, envelopeFrom)) return null;
  const own = ownWords(mail);
  const line = own.toLowerCase().replace(/[‘’]/g, "'").replace(/\s+/g, " ");
  if (STILL_TRYING.some((sentence) => sentence.test(line))) {
    return { kind: "delayed", reply: printable(diagnosis(own)) };
  }
  return GIVEN_UP.some((sentence) => sentence.test(line)) ? bounced(own) : null;
}

/** The same of a mail whose subject alone says it. */
export function readVagueBounce(mail: ReadMail, envelopeFrom: string): Said | null {
  const failed = FAILURE_SUBJECT.test(mail.subject.toLowerCase());
  return failed && isFromMailSystem(mail, envelopeFrom) ? bounced(ownWords(mail)) : null;
}

function bounced(words: string): Said {
  return { kind: "bounce", ...judgeWords({ text: diagnosis(words), status: null }), host: "" };
}

function isFromMailSystem(mail: ReadMail, envelopeFrom: string): boolean {
  const from = /[^\s<>"]+@[^\s<>"]*/.exec(mail.headers.get("from") ?? "")?.[0] ?? "";
  return envelopeFrom === "" || DAEMON.test(envelopeFrom) || DAEMON.test(from);
}

/** What the mail system wrote, without the returned mail. */
function ownWords({ text }: ReadMail): string {
  const copy = COPY.exec(text)?.index ?? text.length;
  return text.slice(0, Math.min(copy, MAX_TEXT));
}

/** A reply as servers write it, or at least an enhanced status code. */
const REPLY =
  /(?<![\d.])[45][0-5]\d(?:[ -]#?[45]\.\d{1,3}\.\d{1,3}(?![\d.])|: )|^[ \t>]*[45][0-5]\d[ -]/m;
const STATUS = /(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])/;

/** The words that say why: from the reply on, or the paragraph with the status, or all there is. */
function diagnosis(text: string): string {
  const reply = REPLY.exec(text);
  if (reply) return paragraphs(text.slice(reply.index).trimStart())[0] ?? "";
  return paragraphs(text).find((paragraph) => STATUS.test(paragraph)) ?? text;
}

function paragraphs(text: string): readonly string[] {
  return text.split(/\r?\n[ \t]*\r?\n/);
}
