// Rules about blocks: the relay or a later server does not want this mail, whoever it is for. Order
// matters: a reply that names a block list usually says "spam" too, and both say "blocked".
import type { Rule } from "./bounce-rule.ts";

/** The sender is not who they say, or stands on a list: nothing else in the reply matters then. */
export const SENDER_RULES: readonly Rule[] = [
  {
    pattern:
      /\bdmarc\b|\bdkim\b|\bspf\b|\bopenspf\b|\bsender policy framework\b|\bsender id\b|\bunauthenticated (?:e-?mail|mail|message)|\bmail is unauthenticated\b|\brequired authentication level\b/u,
    code: 55,
    seen: "550 Unauthenticated email from example.com is not accepted due to domain's DMARC policy.",
  },
  {
    // One recipient's own list says nothing about the sender's fame.
    pattern:
      /\b(?:black|block|deny) ?-?list(?:ed)? (?:by|of) (?:the |this )?recipient|\brecipient[^.;]{0,30}(?:black|block) ?-?list/u,
    code: 50,
    seen: "550 5.7.1 Blacklisted by recipient",
  },
  {
    pattern:
      /spamhaus|spamcop|\bsorbs\b|abuseat|uceprotect|invaluement|mailspike|spamrats|spamrl|hostkarma|surbl|uribl|dnsbl|\b[a-z]{0,4}rbl\b|barracudacentral|barracuda ?reputation|barracudanetworks|csi\.cloudmark|ipcheck\.proofpoint|mail-abuse\.com/u,
    code: 51,
    seen: "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1",
  },
  {
    pattern:
      /\b(?:black|block|deny|real-?time block) ?-?list|\bbanned send(?:ing ip|er)|\bspammer\b/u,
    code: 51,
    seen: "550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.office.com/",
  },
];

/** Blocks with another named cause. */
export const BLOCK_RULES: readonly Rule[] = [
  {
    pattern:
      /\bvirus(?:es)?\b|\bmalware\b|\btrojan\b|\binfected\b|\bpotential security issue\b|\bbanned: |\bdangerous\b/u,
    code: 53,
    seen: "550 This message contains a virus (Eicar-Test-Signature).",
  },
  {
    pattern:
      /\b(?:banned|blocked|forbidden|prohibited|illegal|disallowed|unacceptable|suspicious|executable) (?:file|attachment|extension|mime type)/u,
    code: 53,
    seen: "554 5.7.1 Prohibited attachment type",
  },
  {
    pattern:
      /\battachments?\b[^;]{0,60}(?:not (?:allowed|permitted|accepted)|blocked|rejected|prohibited|banned|refused|denied)|\b(?:block|reject|refus|prohibit|disallow)(?:s|ed|es|ing)? [^.;]{0,30}attachment/u,
    code: 53,
    seen: "550 Attachments of type .exe are not accepted here",
  },
  {
    pattern:
      /\brelay(?:ing)? ?(?:mail )?(?:access )?(?:to [^;]{0,60})?(?:is )?(?:denied|not (?:permitted|allowed)|prohibited|disallowed|rejected|refused)/u,
    code: 54,
    seen: "554 5.7.1 <user@example.com>: Relay access denied",
  },
  {
    pattern:
      /\b(?:unable|not (?:permitted|allowed|authori[sz]ed)|cannot|can't|do not|don't|will not|won't|required) (?:to )?relay|\bno relay(?:ing)?\b|\brequired (?:for|before) relay|\brcpthosts\b/u,
    code: 54,
    seen: "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
  },
  {
    // About the sending address, not about this message: before spam, which these replies also say.
    pattern: /\breputation\b|\bunsolicited mail originating\b|\buser complaints\b/u,
    code: 50,
    seen: "554-mx1.example.com ⏎ 554 Your access to this mail system has been rejected due to the sending MTA's poor reputation. If you believe that this failure is in error, please contact the intended recipient via alternate means.",
  },
  {
    pattern:
      /\bspam(?:my|s)?\b|\bspam_|\bunsolicited\b|\b(?:ube|uce)\b|\bjunk ?-?mail\b|\bphish|\bdt:spm\b|\bgtube\b|\bcontent (?:denied|rejected|filter)/u,
    code: 52,
    seen: "554 5.7.1 Message rejected under suspicion of SPAM; https://ya.cc/1IrBc",
  },
];

/** Blocks of no named kind: looked at last, since other causes use these words too. */
export const POLICY_RULES: readonly Rule[] = [
  {
    pattern:
      /\bpolic(?:y|ies)\b|(?<!\bor )\baccess denied\b|\bblocked\b|\bbanned\b|\badministrative|\bprohibit/u,
    code: 50,
    seen: "554 Message not allowed - [PH01] Email not accepted for policy reasons.",
  },
  {
    pattern: /(?<!name )\bnot (?:authori[sz]ed|allowed|permitted)\b|\bdenied by\b/u,
    code: 50,
    seen: "550 Unauthenticated senders not allowed",
  },
  {
    pattern: /\brate.?limit|\bthrottl|\bfrequency limited\b|\btoo many (?:messages|connections)\b/u,
    code: 50,
    seen: "550 Ip frequency limited [MzZxP6SMDNzS 192.0.2.1].",
  },
  {
    // The relay's own terms: an unverified sender, a closed account.
    pattern: /\bnot verified\b|\bverified sender\b|\bsending paused\b|\bunauthori[sz]ed ip\b/u,
    code: 50,
    seen: "554 Message rejected: Email address is not verified. The following identities failed the check in region US-EAST-1: sender@example.com",
  },
  {
    pattern: /\breverse (?:dns|hostname)|\bptr (?:record|resource)/u,
    code: 50,
    seen: "554 Bad DNS PTR resource record.",
  },
];

/** Only for 4xx replies, right after the sender rules: why a server asks to come back. */
export const TEMPORARY_RULES: readonly Rule[] = [
  {
    pattern: /gr[ae]y-?list/u,
    code: 20,
    seen: "450 4.2.0 <user@example.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html",
  },
  {
    pattern: /\buser complaints\b|\bip reputation\b|\bunsolicited mail originating\b/u,
    code: 50,
    seen: "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
  },
  {
    pattern:
      /\brate.?limit|\bthrottl|\btoo (?:many|quickly|fast)\b|\brate that\b|\b(?:sending|daily|hourly|message|messaging)\b[^.;]{0,30}\b(?:rate|quota|limit)|\bexceeded your\b/u,
    code: 20,
    seen: "454 Throttling failure: Daily message quota exceeded.",
  },
  {
    pattern:
      /\bscan(?:ner|ning)?\b[^.;]{0,40}(?:unavailable|fail|timed out|timeout|error)|\b(?:unable|cannot|failed) to scan\b/u,
    code: 20,
    seen: "451 4.3.0 Virus scanner unavailable, try again later",
  },
  {
    pattern:
      /\b(?:domain|host|name)\b[^.;]{0,30} not found\b|\b(?:name service|dns|mx) (?:error|failure|lookup|temporary|timeout)|\bdoes not resolve\b|\b(?:unable to|could not|cannot) resolve\b|\bnxdomain\b/u,
    code: 21,
    seen: "450 <user@example.com>: Recipient address rejected: Domain not found",
  },
];
