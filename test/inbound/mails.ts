// Mails as they come back, written after what each system sends: `{email}` stands for our recipient, also
// as `{xtext}`, `{message}` for the message's id, `{return}` for the return path. Hosts and addresses are examples (RFC 2606,
// RFC 5737).
import { utf8 } from "../../src/lib/bytes.ts";
import type { IncomingMail } from "../../src/model/inbound.ts";

/** What the placeholders of a mail stand for. */
export type About = {
  readonly email: string;
  readonly messageId: string;
  readonly returnPath: string;
  /** List-Unsubscribe of the returned mail, if it had any. */
  readonly unsubscribe?: string;
};

/** A mail with its placeholders filled in and its lines ended by CRLF. */
export function filled(mail: string, about: About): string {
  const xtext = about.email.replace(/[+=@]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    return `+${code}`;
  });
  return mail
    .trimStart()
    .replaceAll("{email}", about.email)
    .replaceAll("{xtext}", xtext)
    .replaceAll("{message}", about.messageId)
    .replaceAll("{return}", about.returnPath)
    .replaceAll("{unsubscribe}", about.unsubscribe ?? "<mailto:nobody@example.com>")
    .replace(/\r?\n/g, "\r\n");
}

/** A mail as the platform hands it over. */
export function incoming(
  raw: string | Uint8Array<ArrayBuffer>,
  to: string,
  from = "",
): IncomingMail {
  const bytes = typeof raw === "string" ? utf8(raw) : raw;
  return { from, to, rawSize: bytes.length, raw: new Blob([bytes]).stream() };
}

/** A status notification (RFC 3464) with these fields for each recipient. */
export function dsn(groups: readonly string[], returned = RETURNED): string {
  return `From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: {return}
Subject: Undelivered Mail Returned to Sender
Message-ID: <20261121100000.4F2A1@mx.example.net>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_dsn"

--=_dsn
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.net.

--=_dsn
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
X-Postfix-Queue-ID: 4F2A1
Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000 (UTC)

${groups.map((group) => group.trim()).join("\n\n")}

--=_dsn
Content-Type: message/rfc822

${returned}
--=_dsn--
`;
}

/** The start of what we sent. */
export const RETURNED = `Return-Path: <{return}>
Received: from relay.example (relay.example [192.0.2.9])
\tby mx.example.net (Postfix) with ESMTPS id 4F2A1
From: sender@edgepost.test
To: {email}
Subject: Hello
Message-ID: <{message}@edgepost.test>

550 5.1.1 user unknown: this is the text that we sent, and decides nothing.
`;

export const FAILED_GROUP = `
Final-Recipient: rfc822; {email}
Original-Recipient: rfc822;{email}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 5.1.1 <{email}>: Recipient address rejected:
    User unknown in virtual mailbox table
`;

/** What a mail must be taken for: kind, and the code of a bounce. */
export type Expected =
  | "delayed"
  | "received"
  | "auto_reply"
  | 10
  | 20
  | 22
  | 29
  | 40
  | 50
  | 51
  | 52
  | 55;

/** Notifications with a status part: the groups of their recipients. */
export const NOTIFICATIONS: readonly (readonly [
  name: string,
  Expected,
  groups: readonly string[],
])[] = [
  ["Postfix, user unknown", 10, [FAILED_GROUP]],
  [
    "Gmail, full mailbox",
    22,
    [
      `Final-Recipient: rfc822; {email}
Action: failed
Status: 5.2.2
Remote-MTA: dns; gmail-smtp-in.l.google.com. (192.0.2.26, the server for the domain gmail.com.)
Diagnostic-Code: smtp; 552-5.2.2 The recipient's inbox is out of storage space and inactive. Please
 552-5.2.2 direct the recipient to
 552 5.2.2  https://support.google.com/mail/?p=OverQuotaPerm x1si1.1 - gsmtp
Last-Attempt-Date: Sat, 21 Nov 2026 02:00:00 -0800 (PST)`,
    ],
  ],
  [
    "Exchange Online, no such recipient",
    10,
    [
      `Final-Recipient: rfc822;{email}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {email} not found by SMTP address lookup
Remote-MTA: dns;DB8PR01MB0001.prod.exchangelabs.com`,
    ],
  ],
  [
    "Exchange, expired",
    20,
    [
      "Final-Recipient: rfc822;{email}\nAction: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp;550 4.4.7 QUEUE.Expired; message expired",
    ],
  ],
  [
    "Postfix, no answer for five days",
    29,
    [
      `Final-Recipient: rfc822; {email}
Action: failed
Status: 4.4.1
Diagnostic-Code: X-Postfix; connect to mx.example.org[192.0.2.77]:25: Connection timed out`,
    ],
  ],
  [
    "Amazon SES, spam",
    52,
    [
      "Action: failed\nFinal-Recipient: rfc822; {email}\nDiagnostic-Code: smtp; 554 5.7.1 Message rejected as spam\nStatus: 5.7.1",
    ],
  ],
  [
    "Sendmail, without a diagnostic",
    10,
    ["Final-Recipient: RFC822; {email}\nAction: failed\nStatus: 5.1.1"],
  ],
  [
    "without an action: the status decides",
    10,
    ["Final-Recipient: rfc822; {email}\nStatus: 5.1.1"],
  ],
  [
    "without an action, temporary",
    "delayed",
    ["Final-Recipient: rfc822; {email}\nStatus: 4.4.1 (no answer)"],
  ],
  [
    "Postfix, delayed",
    "delayed",
    [
      `Final-Recipient: rfc822; {email}
Action: delayed
Status: 4.4.1
Diagnostic-Code: X-Postfix; connect to mx.example.org[192.0.2.77]:25: Connection refused
Will-Retry-Until: Thu, 26 Nov 2026 10:00:00 +0000 (UTC)`,
    ],
  ],
  [
    "Postfix, relayed",
    "received",
    [
      "Final-Recipient: rfc822; {email}\nAction: relayed\nStatus: 2.0.0\nDiagnostic-Code: smtp; 250 2.0.0 Ok",
    ],
  ],
  [
    "Dovecot, delivered",
    "received",
    ["Final-Recipient: rfc822; {email}\nAction: delivered (to mailbox)\nStatus: 2.0.0"],
  ],
  [
    "Sendmail, expanded",
    "received",
    ["Final-Recipient: rfc822; {email}\nAction: expanded\nStatus: 2.0.0"],
  ],
  [
    "of a list: a member that failed is not our recipient",
    "received",
    [
      "Final-Recipient: rfc822; member@example.com\nAction: failed\nStatus: 5.1.1",
      "Final-Recipient: rfc822; other@example.com\nAction: relayed\nStatus: 2.0.0",
    ],
  ],
  [
    "of several recipients: the original one counts, as xtext",
    10,
    [
      "Original-Recipient: rfc822;someone+2Belse@example.com\nFinal-Recipient: rfc822; x@example.com\nAction: relayed\nStatus: 2.0.0",
      "Original-Recipient: rfc822;{xtext}\nFinal-Recipient: rfc822; inner@example.net\nAction: failed\nStatus: 5.1.1",
    ],
  ],
];

const HEAD = `To: {return}
Message-ID: <1@mx.example.net>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
`;

/** Bounce mails without a status part. */
export const TEXTS: readonly (readonly [name: string, Expected, mail: string])[] = [
  [
    "qmail, remote",
    10,
    `From: MAILER-DAEMON@mx.example.net
Subject: failure notice
${HEAD}
Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{email}>:
192.0.2.77 does not like recipient.
Remote host said: 550 5.1.1 <{email}>: Recipient address rejected: User unknown
Giving up on 192.0.2.77.

--- Below this line is a copy of the message.

${RETURNED}`,
  ],
  [
    "qmail, local",
    10,
    `From: MAILER-DAEMON@mx.example.net
Subject: failure notice
${HEAD}
Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{email}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

${RETURNED}`,
  ],
  [
    "Exchange 2003",
    10,
    `From: System Administrator <postmaster@mail.example.net>
Subject: Undeliverable: Hello
${HEAD}
Your message

  To:      {email}
  Subject: Hello
  Sent:    Sat, 21 Nov 2026 10:00:00 +0000

did not reach the following recipient(s):

{email} on Sat, 21 Nov 2026 10:00:02 +0000
    The e-mail account does not exist at the organization this message was sent to. Check the e-mail address, or contact the recipient directly to find out the correct address.
    <mail.example.net #5.1.1>
`,
  ],
  [
    "Exchange 2010",
    10,
    `From: Microsoft Exchange <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.net>
Subject: Undeliverable: Hello
${HEAD}
Delivery has failed to these recipients or groups:

{email}
The e-mail address you entered couldn't be found. Please check the recipient's e-mail address and try to resend the message.

Diagnostic information for administrators:

Generating server: mail.example.net

{email}
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

Original message headers:

Received: from relay.example (192.0.2.9) by mail.example.net
`,
  ],
  [
    "Exchange, quota",
    22,
    `From: postmaster@mail.example.net
Subject: Undeliverable: Hello
${HEAD}
Delivery has failed to these recipients or distribution lists:

{email}
The recipient's mailbox is full and can't accept messages now. Please try resending this message later, or contact the recipient directly.

Diagnostic information for administrators:

Generating server: mail.example.net

{email}
#552 5.2.2 Mailbox full; STOREDRV.Deliver; quota exceeded ##
`,
  ],
  [
    "Gmail, old",
    10,
    `From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
Subject: Delivery Status Notification (Failure)
${HEAD}
Delivery to the following recipient failed permanently:

     {email}

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the server for the recipient domain example.com by mx.example.com. [192.0.2.77].

The error that the other server returned was:
550 5.1.1 <{email}>: Recipient address rejected: User unknown in relay recipient table

----- Original message -----

${RETURNED}`,
  ],
  [
    "Gmail, new, as HTML alone",
    10,
    `From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
Subject: Delivery Status Notification (Failure)
${HEAD.replace("text/plain", "text/html")}
<html><body><h2>Address not found</h2><p>Your message wasn't delivered to <b>{email}</b> because the address couldn't be found, or is unable to receive mail.</p>
<p>The response from the remote server was:</p><p>550 5.1.1 The email account that you tried to reach does not exist. gsmtp</p></body></html>
`,
  ],
  [
    "Gmail, still trying",
    "delayed",
    `From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
Subject: Delivery Status Notification (Delay)
${HEAD}
** Delivery incomplete **

There was a temporary problem delivering your message to {email}. Gmail will retry for 46 more hours. You'll be notified if the delivery fails permanently.

The response was:

The recipient server did not accept our requests to connect. [mx.example.com 192.0.2.77: timed out]
`,
  ],
  [
    "Yahoo",
    10,
    `From: MAILER-DAEMON@yahoo.example
Subject: Failure Notice
${HEAD}
Sorry, we were unable to deliver your message to the following address.

<{email}>:
554: delivery error: dd This user doesn't have a yahoo.com account ({email}) [0] - mta1234.mail.example.net

--- Below this line is a copy of the message.

${RETURNED}`,
  ],
  [
    "Exim",
    10,
    `From: Mail Delivery System <Mailer-Daemon@mx.example.net>
Subject: Mail delivery failed: returning message to sender
Auto-Submitted: auto-replied
${HEAD}
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {email}
    host mx.example.com [192.0.2.77]
    SMTP error from remote mail server after RCPT TO:<{email}>:
    550 5.1.1 <{email}>: Recipient address rejected: User unknown

------ This is a copy of the message, including all the headers. ------

${RETURNED}`,
  ],
  [
    "Exim, still trying",
    "delayed",
    `From: Mail Delivery System <Mailer-Daemon@mx.example.net>
Subject: Warning: message 1abc delayed 24 hours
Auto-Submitted: auto-replied
${HEAD}
This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.example.net.

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals if the message
remains undelivered.
`,
  ],
  [
    "Sendmail",
    10,
    `From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>
Subject: Returned mail: see transcript for details
${HEAD}
The original message was received at Sat, 21 Nov 2026 10:00:00 GMT
from relay.example [192.0.2.9]

   ----- The following addresses had permanent fatal errors -----
<{email}>
    (reason: 550 5.1.1 <{email}>... User unknown)

   ----- Transcript of session follows -----
... while talking to mx.example.com.:
>>> DATA
<<< 550 5.1.1 <{email}>... User unknown
550 5.1.1 <{email}>... User unknown
<<< 503 5.0.0 Need RCPT (recipient)
`,
  ],
  [
    "Sendmail, still trying",
    "delayed",
    `From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>
Subject: Warning: could not send message for past 4 hours
${HEAD}
    **********************************************
    **      THIS IS A WARNING MESSAGE ONLY      **
    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
    **********************************************

   ----- The following addresses had transient non-fatal errors -----
<{email}>
`,
  ],
  [
    "Postfix, its text alone, and a block list",
    51,
    `From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
${HEAD}
This is the mail system at host mx.example.net.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

<{email}>: host mx.example.com[192.0.2.77] said: 554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org (in reply to RCPT TO command)
`,
  ],
  [
    "Domino",
    10,
    `From: Postmaster <postmaster@domino.example.net>
Subject: DELIVERY FAILURE: User someone ({email}) not listed in Domino Directory
${HEAD}
Your message

  Subject: Hello

was not delivered to:

  {email}

because:

  User someone ({email}) not listed in Domino Directory
`,
  ],
  [
    "GroupWise",
    10,
    `From: Mailer-Daemon@gw.example.net
Subject: Message status - undeliverable
${HEAD}
The message that you sent was undeliverable to the following:
	{email} (user not found)
`,
  ],
  [
    "nobody's words, from nobody, with a subject that says it",
    40,
    `From: Mail <mail@mx.example.net>
Subject: Undeliverable: Hello
${HEAD}
Something was wrong with it.
`,
  ],
];

/** Automatic replies. */
export const AUTO_REPLIES: readonly (readonly [name: string, mail: string])[] = [
  [
    "RFC 3834",
    `From: {email}\nSubject: Re: Hello\nAuto-Submitted: auto-replied\n${HEAD}\nI am away.\n`,
  ],
  [
    "RFC 3834, with a comment",
    `From: {email}\nSubject: Hello\nAuto-Submitted: auto-replied (vacation)\n${HEAD}\nI am away.\n`,
  ],
  [
    "RFC 5230 vacation",
    `From: {email}\nSubject: Auto: Hello\nAuto-Submitted: auto-replied (vacation)\nPrecedence: bulk\n${HEAD}\nAway.\n`,
  ],
  [
    "Exchange",
    `From: {email}\nSubject: Automatic reply: Hello\nX-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n${HEAD}\nThanks.\n`,
  ],
  [
    "Exchange, by its own field",
    `From: {email}\nSubject: Hello\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent OOF\n${HEAD}\nThanks.\n`,
  ],
  [
    "cPanel",
    `From: {email}\nSubject: Hello\nX-Autorespond: Hello\nPrecedence: auto_reply\n${HEAD}\nThanks.\n`,
  ],
  ["GMX", `From: {email}\nSubject: Abwesend\nX-Autoreply: yes\n${HEAD}\nIch bin nicht da.\n`],
  [
    "Outlook, German, by its subject",
    `From: {email}\nSubject: =?utf-8?q?Abwesenheitsnotiz=3A_Hello?=\n${HEAD}\nIch bin nicht da.\n`,
  ],
  [
    "French, by its subject",
    `From: {email}\nSubject: =?utf-8?q?R=C3=A9ponse_automatique=C2=A0=3A_Hello?=\n${HEAD}\nJe suis absent.\n`,
  ],
  [
    "Spanish, by its subject",
    `From: {email}\nSubject: =?utf-8?q?Respuesta_autom=C3=A1tica=3A_Hello?=\n${HEAD}\nNo estoy.\n`,
  ],
  [
    "Japanese, by its subject",
    `From: {email}\nSubject: =?utf-8?b?6Ieq5YuV5b+c562UOiBIZWxsbw==?=\n${HEAD}\n\n`,
  ],
  [
    "English, by its subject",
    `From: {email}\nSubject: Re: Out of Office: Hello\n${HEAD}\nBack on Monday.\n`,
  ],
  [
    "a ticket system",
    `From: {email}\nSubject: [Ticket 4711] received\nAuto-Submitted: auto-generated\n${HEAD}\nWe will answer.\n`,
  ],
  [
    "a vacation that comes from nobody",
    `From: {email}\nSubject: Vacation reply\nAuto-Submitted: auto-replied\n${HEAD}\nDelivery of answers is slow.\n`,
  ],
  [
    "a reader whose mail of ours spoke of a failed delivery",
    `From: {email}\nSubject: Automatic reply: Delivery failed, parcel 4711\nAuto-Submitted: auto-replied\n${HEAD}\nI am away.\n> Your parcel could not be delivered to the address.\n`,
  ],
];

/** What is none of these. */
export const OTHERS: readonly (readonly [name: string, mail: string])[] = [
  [
    "a person",
    `From: {email}\nSubject: Re: Hello\n${HEAD}\nThank you! 550 5.1.1 is my lucky number. I was absent from office.\n`,
  ],
  [
    "a person who forwards a bounce",
    `From: {email}\nSubject: failure notice\n${HEAD}\nHi. This is the qmail-send program at x.\nI'm afraid I wasn't able to deliver your message.\n\n550 5.1.1 user unknown\n`,
  ],
  ["Auto-Submitted: no", `From: {email}\nSubject: Hello\nAuto-Submitted: no\n${HEAD}\nHello.\n`],
  [
    "a newsletter",
    `From: news@example.org\nSubject: The absence of news\nPrecedence: bulk\nList-Id: <news.example.org>\n${HEAD}\nNews.\n`,
  ],
  ["nothing", `From: {email}\n${HEAD}\n`],
];

/** A complaint (RFC 5965) with these fields about a mail with this header. */
export function arf(fields: string, returned: string): string {
  return `From: <feedback@fbl.example.net>
To: <fbl@bounce.edgepost.test>
Subject: FW: Hello
Message-ID: <arf.1@fbl.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="=_arf"

--=_arf
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for an email message received on Sat, 21 Nov 2026.

--=_arf
Content-Type: message/feedback-report

${fields.trim()}

--=_arf
Content-Type: message/rfc822
Content-Disposition: inline

${returned}
--=_arf--
`;
}

export const ABUSE = `
Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Source-IP: 192.0.2.9
`;

/** What is left of the returned mail's header in a redacted report. */
export const REDACTED = {
  token:
    "From: sender@edgepost.test\nTo: [redacted]\nSubject: Hello\nReturn-Path: <{return}>\n\nx\n",
  unsubscribe:
    "From: sender@edgepost.test\nTo: [redacted]\nList-Unsubscribe:\n {unsubscribe}\n\nx\n",
  messageId:
    "From: sender@edgepost.test\nTo: [redacted]\nMessage-ID: <{message}@edgepost.test>\n\nx\n",
  nothing: "From: sender@edgepost.test\nTo: [redacted]\nSubject: Hello\n\nx\n",
} as const;
