// Rules about the recipient: the address does not exist, the mailbox is full, the message is too big
// for it. Code 10 suppresses an address for ever, so words decide it only when they say plainly that
// there is no such recipient; every doubt is a 40.
import type { Rule } from "./bounce-rule.ts";

/** The reply blames the sender, or could not find out: it says nothing about the recipient. */
export const NOT_THE_RECIPIENT: readonly RegExp[] = [
  // 550 5.1.0 <a@b>: Sender address rejected: User unknown in relay recipient table
  /\bsender(?:'s)? (?:e-?mail |mail )?(?:address|domain|mailbox|host|account|verif|callout|is |not |rejected|denied|unknown|invalid|does|has|<?@)/u,
  // 501 5.1.8 Domain of sender address a@b does not exist
  /\bdomain of sender\b|\b(?:from|reverse|return)[- ](?:address|domain|path)\b|\bmail ?from\b|\bhelo\b/u,
  /\b(?:invalid|bad|unknown|unverified|forged|illegal) (?:outbound )?(?:sender|from|return|helo)\b/u,
  // 550 Access denied - your address does not exist
  /\byour (?:e-?mail )?(?:address|domain|server|host|ip|account|mailbox)\b/u,
  // 550 5.7.1 Account not found for SASL user
  /\bsasl\b|\bauthenticat/u,
  // 550 5.1.1 <a@b>: Recipient address rejected: unverified address: connect to mx.b[…]: timed out
  /\bunverified address\b/u,
];

/** The mailbox is there but closed, or the reply itself is in two minds: words alone are no proof. */
export const MAYBE_ALIVE =
  /disabled|suspend|inactive|not active|deactivat|\blocked\b|expired account|discontinued|temporar|or mailbox unavailable|unavailable or/u;

/** Words that say that the recipient does not exist. Only believed in a permanent refusal. */
export const ADDRESS_RULES: readonly Rule[] = [
  {
    pattern:
      /\b(?:no such|unknown|non-?exist[ea]nt) (?:local |virtual )?(?:e-?mail )?(?:user|recipient|mailbox|account|address|addressee|customer|person|local[- ]part)/u,
    code: 10,
    seen: "550 No Such User Here",
  },
  {
    pattern: /\binvalid (?:recipient|user(?! or| name))\b/u,
    code: 10,
    seen: "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550",
  },
  {
    pattern:
      /\b(?:user|recipient|account|mailbox|addressee|(?<!ip |client |or )address)\b[^.;:!]{0,60} (?:doesn't|does not|do not|don't) exist/u,
    code: 10,
    seen: "550 The email account that you tried to reach does not exist.",
  },
  {
    pattern: /^\d{3} (?:[\d.]{5,11} )?<?@>?(?:\.\.\.)?:? (?:doesn't|does not) exist/u,
    code: 10,
    seen: "550 <user@example.com> does not exist",
  },
  {
    pattern:
      /\b(?:user|recipient|mailbox|account|addressee|(?<!ip |client |or )address)s?(?: \(?<?@>?\)?)?(?: is| was| could| can|,)? ?(?:unknown|not found|not known|not be found|not recogni[sz]ed|non-?existent)/u,
    code: 10,
    seen: "550 <user@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
  },
  {
    pattern: /\bnot listed in (?:domino directory|public name & address book)/u,
    code: 10,
    seen: "550 User someone (user@example.com) not listed in Domino Directory",
  },
  {
    pattern: /\bno (?:mailbox|account|user|recipient|one)(?: here)? (?:by|with|of) that name/u,
    code: 10,
    seen: "550 sorry, no mailbox here by that name",
  },
  {
    pattern: /\b(?:doesn't|does not) have an? [\w.-]{1,60} (?:e-?mail )?account/u,
    code: 10,
    seen: "554 delivery error: dd This user doesn't have a yahoo.com account (user@yahoo.com) [0] - mta1013.mail.bf1.yahoo.com",
  },
  {
    pattern:
      /\bnot an? (?:valid|known|existing) (?:e-?mail )?(?:user|mailbox|recipient|account|address)\b/u,
    code: 10,
    seen: "550 user@example.com is not a valid mailbox",
  },
  {
    pattern: /\b(?:user|recipient|mailbox|account|address)\b[^.;:]{0,40} no longer exists/u,
    code: 10,
    seen: "550 Requested action not taken: account no longer exists",
  },
  { pattern: /\bnot our customer\b/u, code: 10, seen: "550 [PERMFAIL] Not our Customer" },
  {
    // Directory based edge blocking of Exchange Online; with another status it is an access table.
    pattern: /\b5\.4\.1 .{0,20}recipient address(?:es)? rejected ?: access denied/u,
    code: 10,
    seen: "550 5.4.1 Recipient address rejected: Access denied. [VI1EUR05FT061.eop-eur05.prod.protection.outlook.com]",
  },
  {
    pattern:
      /\b(?:recipient address rejected|recipient|destination):? (?:mail )?domain (?:not found|does not exist|unknown)/u,
    code: 10,
    seen: "550 <user@nodomain.example>: Recipient address rejected: Domain not found",
  },
  {
    pattern: /\b(?:utilisateur|destinataire|adresse) (?:inconnue?|invalide|inexistante?)\b/u,
    code: 10,
    seen: "550 Utilisateur inconnu",
  },
  {
    pattern: /\b(?:usuario|destinatario|buz[oó]n) (?:desconocido|inexistente|no existe)\b/u,
    code: 10,
    seen: "550 El usuario no existe",
  },
  {
    pattern:
      /\busu[aá]rio (?:desconhecido|inexistente|n[aã]o (?:existe|encontrado))|\b(?:utente|destinatario) (?:sconosciuto|inesistente)/u,
    code: 10,
    seen: "550 Usuario inexistente",
  },
  {
    pattern: /\b(?:empf(?:ä|ae)nger|benutzer|postfach) (?:unbekannt|existiert nicht)\b/u,
    code: 10,
    seen: "550 Benutzer unbekannt",
  },
];

/** Words about room: the mailbox is full (22) or the message is too large (23). */
export const ROOM_RULES: readonly Rule[] = [
  {
    // The sender's own allowance, not the recipient's mailbox.
    pattern:
      /\b(?:daily|hourly|sending|smtp relay|outbound)\b[^.;]{0,40}\b(?:quota|limit)|\bmessage quota\b|\bexceeded your\b[^.;]{0,30}\blimit/u,
    code: 50,
    seen: "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to https://support.google.com/a/answer/166852",
  },
  {
    pattern:
      /\bover ?-?quota\b|\bquota (?:is |has been )?(?:exceeded|full|reached)|\bexceed[^.;]{0,60}\bquota|\bstorage quota\b/u,
    code: 22,
    seen: "552 Quota exceeded (mailbox for user is full)",
  },
  {
    pattern:
      /\b(?:mailbox|inbox|account|maildir|mail ?drop)\b[^.;]{0,50}\bfull\b|\bfull mailbox\b|\bout of storage space\b|\bexceeded storage allocation\b/u,
    code: 22,
    seen: "452 The email account that you tried to reach is over its limit: mailbox full",
  },
  {
    pattern:
      /\bmailbox (?:size |storage )?(?:limit )?(?:has |is )?(?:been )?exceed|\bmailbox[^.;]{0,20} over (?:its|the) (?:size |storage )?limit|\b(?:not enough|insufficient|no) (?:storage |disk )?space (?:in|for) [^.;]{0,20}(?:mailbox|user|inbox)/u,
    code: 22,
    seen: "552 Mailbox size limit exceeded",
  },
  {
    pattern:
      /\b(?:buz[oó]n (?:est[aá] )?lleno|caixa (?:postal|de entrada|de correio) (?:est[aá] )?(?:cheia|lotada)|bo[iî]te [^.;]{0,30}pleine|postfach (?:ist )?voll)\b/u,
    code: 22,
    seen: "552 Buzon lleno",
  },
  {
    pattern:
      /\b(?:message|mail|e-?mail|content|file|attachment|header)s?\b[^.;]{0,30}(?<!lines )\btoo (?:large|big|long)\b|\b(?:message|mail|e-?mail)\b[^.;]{0,40}\bsize\b[^.;]{0,30}(?:exceed|limit|maximum|larger|too)/u,
    code: 23,
    seen: "552 Message size exceeds maximum permitted",
  },
  {
    pattern:
      /\bexceed[^.;]{0,60}(?:message size|size limit|maximum size|maximum message)|\bdatabytes\b|\bmessage length exceeds\b|\bsize (?:limit )?exceed|\bmax(?:imum)? message size\b/u,
    code: 23,
    seen: "552 sorry, that message size exceeds my databytes limit",
  },
];
