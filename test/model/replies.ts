// Real replies as servers word them, each with the code that Edgepost must give it. One a line:
// `<bounce code> <provider>: <reply>`, where ⏎ starts the next line of a multi-line reply. Addresses
// and hosts are examples (RFC 2606, RFC 5737). A new surprise from the world is added here first.
import type { Reply } from "../../src/deliver/smtp/transaction.ts";

/** One line of the table. */
export type Case = { readonly code: number; readonly provider: string; readonly reply: Reply };

const TABLE = String.raw`
10 Gmail: 550-5.1.1 The email account that you tried to reach does not exist. Please try ⏎ 550-5.1.1 double-checking the recipient's email address for typos or ⏎ 550-5.1.1 unnecessary spaces. For more information, go to ⏎ 550 5.1.1  https://support.google.com/mail/?p=NoSuchUser 5b1f17b1804b1-42cb8d9f2a5si3551145e9.61 - gsmtp
10 Domino: 550 5.1.1 User someone (user@example.com) not listed in Domino Directory
22 Gmail: 552-5.2.2 The recipient's inbox is out of storage space and inactive. Please ⏎ 552-5.2.2 direct the recipient to ⏎ 552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm d9443c01a7336-20f1a8f2b71si109.5 - gsmtp
22 Gmail: 452-4.2.2 The recipient's inbox is out of storage space. Please direct the ⏎ 452-4.2.2 recipient to ⏎ 452 4.2.2  https://support.google.com/mail/?p=OverQuotaTemp a640c23a62f3a-a9e89e4f7d2si3.1 - gsmtp
20 Gmail: 450-4.2.1 The user you are trying to contact is receiving mail too quickly. ⏎ 450-4.2.1 Please resend your message at a later time. If the user is able to ⏎ 450-4.2.1 receive mail at that time, your message will be delivered. For more ⏎ 450 4.2.1 information, please visit https://support.google.com/mail/?p=ReceivingRate x1si2.1 - gsmtp
40 Gmail: 550-5.2.1 The email account that you tried to reach is inactive. For more ⏎ 550 5.2.1 information, go to https://support.google.com/mail/?p=DisabledUser n4si1.2 - gsmtp
40 Gmail: 550 5.2.1 The email account that you tried to reach is disabled. Learn more at https://support.google.com/mail/?p=DisabledUser e9e14a558f8ab-3a0 - gsmtp
55 Gmail: 550-5.7.26 This mail has been blocked because the sender is unauthenticated. ⏎ 550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM. ⏎ 550-5.7.26 ⏎ 550-5.7.26  Authentication results: ⏎ 550-5.7.26  DKIM = did not pass ⏎ 550-5.7.26  SPF [example.com] with ip: [192.0.2.1] = did not pass ⏎ 550 5.7.26  https://support.google.com/mail/answer/81126#authentication - gsmtp
55 Gmail: 550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's ⏎ 550-5.7.26 DMARC policy. Please contact the administrator of example.com domain if ⏎ 550 5.7.26 this was a legitimate mail. - gsmtp
55 Gmail: 550-5.7.1 Unauthenticated email from example.com is not accepted due to domain's ⏎ 550 5.7.1 DMARC policy. Please contact the administrator of example.com domain - gsmtp
55 Gmail: 550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR ⏎ 550-5.7.25 record setup, or the corresponding forward DNS entry does not match ⏎ 550 5.7.25 the sending IP. - gsmtp
55 Gmail: 421-4.7.27 Your email has been rate limited because SPF authentication didn't pass ⏎ 421 4.7.27 for this message. - gsmtp
52 Gmail: 550-5.7.1 [192.0.2.1      12] Our system has detected that this message is ⏎ 550-5.7.1 likely unsolicited mail. To reduce the amount of spam sent to Gmail, ⏎ 550-5.7.1 this message has been blocked. For more information, go to ⏎ 550 5.7.1  https://support.google.com/mail/?p=UnsolicitedMessageError - gsmtp
50 Gmail: 550-5.7.1 [192.0.2.1      19] Our system has detected that this message is ⏎ 550-5.7.1 likely suspicious due to the very low reputation of the sending domain. ⏎ 550-5.7.1 To best protect our users from spam, the message has been blocked. ⏎ 550 5.7.1 - gsmtp
50 Gmail: 421-4.7.28 [192.0.2.1      15] Our system has detected an unusual rate of ⏎ 421-4.7.28 unsolicited mail originating from your IP address. To protect our ⏎ 421-4.7.28 users from spam, mail sent from your IP address has been temporarily ⏎ 421 4.7.28 rate limited. - gsmtp
53 Gmail: 552-5.7.0 This message was blocked because its content presents a potential ⏎ 552-5.7.0 security issue. To review our message content and attachment content ⏎ 552 5.7.0 guidelines, go to https://support.google.com/mail/?p=BlockedMessage - gsmtp
23 Gmail: 552-5.3.4 Your message exceeded Google's message size limits. To view our ⏎ 552-5.3.4 message size guidelines, go to ⏎ 552 5.3.4  https://support.google.com/mail/?p=MaxSizeError - gsmtp
54 Gmail relay: 550-5.7.1 Invalid credentials for relay [192.0.2.1]. The IP address you've ⏎ 550-5.7.1 registered in your Workspace SMTP Relay service doesn't match the domain ⏎ 550 5.7.1 Mail relay denied [192.0.2.1]. - gsmtp
50 Gmail relay: 550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to https://support.google.com/a/answer/166852 - gsmtp
10 Exchange Online: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient user@example.com not found by SMTP address lookup
10 Exchange Online: 550 5.4.1 Recipient address rejected: Access denied. [VI1EUR05FT061.eop-eur05.prod.protection.outlook.com 2024-11-05T09:12:11.870Z 08DCFD1F]
10 Exchange Online: 550 5.4.1 All recipient addresses rejected : Access denied [AM7EUR06FT012.eop-eur06.prod.protection.outlook.com]
10 Exchange: 550 5.1.1 RESOLVER.ADR.RecipNotFound; not found
10 Exchange: 550 5.1.1 User unknown
10 Exchange Online: 550 5.4.4 Invalid domain name: recipient domain nodomain.example has no host
40 Exchange Online: 550 5.1.351 Remote server returned unknown recipient or mailbox unavailable -> 550 Requested action not taken
50 Exchange Online: 550 5.1.8 Access denied, bad outbound sender AS(42004)
50 Exchange Online: 550 5.7.1 Recipient not authorized, your IP has been found on a policy hold
51 Exchange Online: 550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/192.0.2.1 (AS16012611)
51 Exchange Online: 550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.office.com/ and follow the directions. (AS16012609)
51 Exchange Online: 550 5.7.511 Access denied, banned sender[192.0.2.1]. To request removal from this list please forward this message to delist@messaging.microsoft.com. AS(1410)
55 Exchange Online: 550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 5.7.1
55 Exchange Online: 550 5.7.509 Access denied, sending domain EXAMPLE.COM does not pass DMARC verification and has a DMARC policy of reject.
52 Exchange Online: 550 5.7.520 Access denied, Your organization does not allow external forwarding of messages identified as spam. AS(7555)
54 Exchange: 550 5.7.1 Unable to relay
54 Exchange: 550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain
54 Exchange Online: 550 5.7.64 TenantAttribution; Relay Access Denied [AM5EUR02FT019.eop-EUR02.prod.protection.outlook.com]
50 Exchange: 550 5.7.1 Client does not have permissions to send as this sender; not allowed
50 Exchange: 550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed
22 Exchange: 554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; Failed to process message
23 Exchange: 550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient
23 Exchange: 552 5.3.4 Message size exceeds fixed maximum message size
40 Exchange: 554 5.4.14 Hop count exceeded - possible mail loop ATTR34
20 Exchange Online: 451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77714) [AM5EUR02FT019.eop-EUR02.prod.protection.outlook.com]
50 Exchange Online: 451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.live.com (S775)
20 Exchange: 452 4.3.1 Insufficient system resources
21 Exchange Online: 451 4.4.3 Temporary server error. Please try again later ATTR1
40 Outlook.com: 550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [AM7EUR06FT012.eop-eur06.prod.protection.outlook.com]
51 Outlook.com: 550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140). You can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors.
55 Outlook.com: 550 5.7.515 Access denied, sending domain EXAMPLE.COM doesn't meet the required authentication level. The sender's domain in the 5322.From address doesn't meet the authentication requirements defined for the sender.
22 Outlook.com: 552 5.2.2 The email account that you tried to reach is over quota
10 Yahoo: 554 delivery error: dd This user doesn't have a yahoo.com account (user@yahoo.com) [0] - mta1013.mail.bf1.yahoo.com
10 Yahoo: 552 1 Requested mail action aborted, mailbox not found
40 Yahoo: 554 delivery error: dd Sorry your message to user@yahoo.com cannot be delivered. This account has been disabled or discontinued [#102]. - mta4195.mail.bf1.yahoo.com
50 Yahoo: 421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes
50 Yahoo: 553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred due to user complaints; Retrying will NOT succeed. See https://postmaster.yahooinc.com/error-codes
51 Yahoo: 553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list; see http://postmaster.yahoo.com/550-bl23.html
50 Yahoo: 554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit https://postmaster.yahooinc.com/error-codes
55 Yahoo: 554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes - DMARC
22 Yahoo: 552 5.2.2 user is over quota
20 Yahoo: 451 4.3.2 Internal error reading data
50 AOL: 554 5.7.1 : (RTR:BL) https://postmaster.aol.com/error-codes#554rtrbl - The IP address has been blocked due to a spike in unfavorable e-mail statistics
10 iCloud: 550 5.1.1 <user@icloud.com>: user does not exist
50 iCloud: 554 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137
51 iCloud: 550 5.7.1 Mail from IP 192.0.2.1 was rejected due to listing in Spamhaus SBL. For details please see http://www.spamhaus.org/query/bl?ip=192.0.2.1
55 iCloud: 554 5.7.1 Your message was rejected due to EXAMPLE.COM's DMARC policy. See https://support.apple.com/en-us/HT204137 for info
22 iCloud: 552 5.2.2 <user@icloud.com>: user is over quota
22 iCloud: 450 4.2.2 <user@icloud.com>: user is overquota
10 Postfix: 550 5.1.1 <user@example.com>: Recipient address rejected: User unknown in virtual mailbox table
10 Postfix: 550 5.1.1 <anti-spam@example.com>: Recipient address rejected: User unknown in local recipient table
10 Postfix: 550 <user@example.com>: Recipient address rejected: User unknown in relay recipient table
20 Postfix: 450 4.1.1 <user@example.com>: Recipient address rejected: User unknown in local recipient table
20 Postfix: 450 4.1.1 <user@example.com>: Recipient address rejected: unverified address: Address verification in progress
40 Postfix: 550 5.1.1 <user@example.com>: Recipient address rejected: unverified address: connect to mx.example.com[192.0.2.9]:25: Connection timed out
10 Postfix: 550 5.1.2 <user@nodomain.example>: Recipient address rejected: Domain not found
21 Postfix: 450 4.1.2 <user@nodomain.example>: Recipient address rejected: Domain not found
10 Postfix: 556 5.1.10 <user@example.com>: Recipient address rejected: Domain example.com does not accept mail (nullMX)
50 Postfix: 554 5.7.1 <user@example.com>: Recipient address rejected: Access denied
54 Postfix: 554 5.7.1 <user@example.com>: Relay access denied
51 Postfix: 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1
50 Postfix: 550 5.7.1 <sender@example.org>: Sender address rejected: Access denied
40 Postfix: 550 5.1.8 <sender@nodomain.example>: Sender address rejected: Domain not found
40 Postfix: 550 5.1.0 <sender@example.org>: Sender address rejected: User unknown in relay recipient table
40 Postfix: 550 5.1.1 <sender@example.org>: Sender address rejected: undeliverable address: User unknown
21 Postfix: 450 4.1.8 <sender@nodomain.example>: Sender address rejected: Domain not found
50 Postfix: 553 5.7.1 <sender@example.org>: Sender address rejected: not owned by user relay
55 Postfix: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]
20 Postfix: 450 4.2.0 <user@example.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html
20 Postfix: 450 4.7.1 <user@example.com>: Recipient address rejected: Greylisting in effect, please come back later
20 Postfix: 452 4.3.1 Insufficient system storage
20 Postfix: 452 4.5.3 Error: too many recipients
20 Postfix: 451 4.3.0 <user@example.com>: Temporary lookup failure
20 Postfix: 451 4.3.5 Server configuration error
23 Postfix: 552 5.3.4 Message size exceeds fixed limit
23 Postfix: 552 5.3.4 Error: message file too big
22 Postfix: 552 5.2.2 <user@example.com>: Recipient address rejected: Mailbox is full / Blocks limit exceeded / Inode limit exceeded
22 Dovecot: 452 4.2.2 <user@example.com> Quota exceeded (mailbox for user is full)
22 Dovecot: 552 5.2.2 <user@example.com> Quota exceeded (mailbox for user is full)
10 Dovecot: 550 5.1.1 <user@example.com> User doesn't exist: user@example.com
52 Amavis: 554 5.7.0 Reject, id=12345-01 - spam
53 Amavis: 554 5.7.0 Reject, id=12345-02 - INFECTED: Eicar-Signature
53 Amavis: 554 5.7.0 Reject, id=12345-03 - BANNED: .exe
52 Rspamd: 554 5.7.1 Spam message rejected
52 Rspamd: 554 5.7.1 Gtube pattern
20 Rspamd: 451 4.7.1 Try again later
10 Exim: 550 Unknown user
10 Exim: 550 No Such User Here
40 Exim: 550 Unrouteable address
40 Exim: 550-Verification failed for <sender@example.org> ⏎ 550-No Such User Here ⏎ 550 Sender verify failed
40 Exim: 550-Callback setup failed while verifying <sender@example.org> ⏎ 550-(result of an earlier callout reused). ⏎ 550 Sender verify failed
54 Exim: 550 relay not permitted
54 Exim: 550-Please turn on SMTP Authentication in your mail client. ⏎ 550-mail.example.org [192.0.2.1]:4711 is not permitted to relay through ⏎ 550 this server without authentication.
50 Exim: 550 Administrative prohibition
51 Exim: 550-Rejected because 192.0.2.1 is in a black list at zen.spamhaus.org ⏎ 550 https://www.spamhaus.org/query/ip/192.0.2.1
51 Exim: 550 "JunkMail rejected - mail.example.org [192.0.2.1]:4711 is in an RBL on zen.spamhaus.org, see https://www.spamhaus.org/query/ip/192.0.2.1"
52 Exim: 550 This message scored 12.3 spam points. Congratulations!
53 Exim: 550 This message contains a virus (Eicar-Test-Signature).
40 Exim: 550 message has lines too long for transport
20 Exim: 451 Temporary local problem - please try later
20 Exim: 451 user@example.com user unknown just now, try again
22 Exim: 552 Mailbox quota exceeded
10 Sendmail: 550 5.1.1 <user@example.com>... User unknown
10 Sendmail: 550 5.1.2 <user@nodomain.example>... Host unknown (Name server: nodomain.example: host not found)
40 Sendmail: 553 5.1.8 <sender@nodomain.example>... Domain of sender address sender@nodomain.example does not exist
21 Sendmail: 451 4.1.8 Domain of sender address sender@example.org does not resolve
54 Sendmail: 550 5.7.1 <user@example.com>... Relaying denied. Proper authentication required.
51 Sendmail: 550 5.7.1 Rejected: 192.0.2.1 listed at zen.spamhaus.org
10 Sendmail: 553 5.1.3 <user@>... Hostname required
20 Sendmail: 452 4.4.5 Insufficient disk space; try again later
23 Sendmail: 552 5.2.3 Message exceeds maximum fixed size (10485760); message too large
40 Sendmail: 554 5.4.6 Too many hops 26 (25 max): from <sender@example.org> via mail.example.org, to <user@example.com>
40 Sendmail: 550 5.0.0 Access to mailbox closed
10 qmail: 550 sorry, no mailbox here by that name. (#5.1.1)
10 qmail: 511 sorry, no mailbox here by that name (#5.1.1 - chkuser)
54 qmail: 553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)
23 qmail: 552 sorry, that message size exceeds my databytes limit (#5.3.4)
20 qmail: 451 qq temporary problem (#4.3.0)
40 qmail: 554 mail server permanently rejected message (#5.3.0)
21 qmail: 451 DNS temporary failure (#4.3.0)
22 qmail: 552 sorry, user@example.com's mailbox is full (#5.2.2)
10 Proofpoint: 550 5.1.1 User Unknown
50 Proofpoint: 550 5.7.0 Local Policy Violation
51 Proofpoint: 554 5.7.1 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1
50 Proofpoint: 550 5.7.1 Message rejected by administrative policy rule eu-sandbox
20 Proofpoint: 451 4.7.1 Too many messages from 192.0.2.1; try again later
10 Mimecast: 550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [q1w2e3r4t5y6.uk123]
50 Mimecast: 550 csi.mimecast.org Poor Reputation Sender. - https://community.mimecast.com/docs/DOC-1369#550 [vH7Ns8biNg.us149]
50 Mimecast: 550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550
50 Mimecast: 554 Email rejected due to security policies - https://community.mimecast.com/docs/DOC-1369#554
50 Mimecast: 550 Rejected by header based manually Blocked Senders: sender@example.org - https://community.mimecast.com/docs/DOC-1369#550
55 Mimecast: 550 DMARC Sender Invalid - envelope rejected - https://community.mimecast.com/docs/DOC-1369#550
20 Mimecast: 451 Internal resources are temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451
20 Mimecast: 451 Greylisting in operation - please retry later
51 Barracuda: 554 Service unavailable; Client host [mail.example.org] blocked using Barracuda Reputation; http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.1
10 Barracuda: 550 permanent failure for one or more recipients (user@example.com:550 5.1.1 User unknown)
50 Barracuda: 550 permanent failure for one or more recipients (user@example.com:blocked)
52 Barracuda: 554 rejected due to spam content
53 Barracuda: 554 rejected due to virus
10 Barracuda: 550 No such user (user@example.com)
50 Cisco: 554-mx1.example.com ⏎ 554 Your access to this mail system has been rejected due to the sending MTA's poor reputation. If you believe that this failure is in error, please contact the intended recipient via alternate means.
10 Cisco: 550 #5.1.0 Address rejected: unknown user
40 Cisco: 550 5.1.0 Address rejected.
51 Symantec: 553 Message filtered, sender listed on DNSBL; see http://ipremoval.sms.symantec.com/?ip=192.0.2.1
52 Symantec: 553 Message filtered. Refer to the Troubleshooting page: content filtered as spam. (#5.7.1)
50 Amazon SES: 554 Message rejected: Email address is not verified. The following identities failed the check in region US-EAST-1: sender@example.org
50 Amazon SES: 554 Message rejected: Sending paused for this account. For more information, please check the inbox of the email address associated with your AWS account.
20 Amazon SES: 454 Throttling failure: Maximum sending rate exceeded.
20 Amazon SES: 454 Throttling failure: Daily message quota exceeded.
23 Amazon SES: 552 Message is too long.
40 Amazon SES: 554 Transaction failed: Missing final '@domain'
50 SendGrid: 550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.
50 SendGrid: 550 Unauthenticated senders not allowed
20 SendGrid: 451 You have exceeded your messaging limits
50 Brevo: 525 5.7.1 Unauthorized IP address
54 Mailgun: 550 5.7.1 Relaying denied
10 Zoho: 550 5.1.1 User does not exist - <user@example.com>
54 Zoho: 553 Relaying disallowed as sender@example.org
50 Zoho: 541 5.4.1 Mail rejected by destination domain due to policy
50 Zoho: 554 5.2.3 MailPolicy violation Error delivering to mailboxes: policy
40 GMX: 550-Requested action not taken: mailbox unavailable ⏎ 550 For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=nu
40 GMX: 550-Requested action not taken: mailbox unavailable ⏎ 550 invalid DNS MX or A/AAAA resource record
50 GMX: 554-Transaction failed ⏎ 554-Reject due to policy restrictions. ⏎ 554 For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=hi
22 web.de: 552-Requested mail action aborted: exceeded storage allocation ⏎ 552-Quota exceeded. The recipient's mailbox is full. ⏎ 552 For explanation visit https://postmaster.web.de/error-messages
50 web.de: 554-web.de (mxweb112) Nemesis ESMTP Service not available ⏎ 554-No SMTP service ⏎ 554 Bad DNS PTR resource record.
50 T-Online: 550 5.7.1 192.0.2.1 - IP blocked. Ask your postmaster for help or to contact tobr@rx.t-online.de for reset. (NOWL)
10 T-Online: 550 5.1.1 unknown recipient
10 Comcast: 550 5.1.1 Not our Customer
51 Comcast: 554 resimta-po-11v.sys.comcast.net 192.0.2.1 found on one or more DNSBLs, see http://postmaster.comcast.net/smtp-error-codes.php#BL000010
52 Comcast: 554 5.7.1 Message rejected due to spam content. See http://postmaster.comcast.net/smtp-error-codes.php#BL000001
20 Comcast: 421 4.1.0 192.0.2.1 Throttled - try again later. Please see http://postmaster.comcast.net/smtp-error-codes.php#RL000001
51 AT&T: 553 5.3.0 flpd594 DNSBL:RBL 521< 192.0.2.1 >_is_blocked.For assistance forward this email to abuse_rbl@abuse-att.net
10 AT&T: 550 5.1.1 <user@att.net>... User unknown
10 Cox: 550 5.1.1 <user@cox.net> recipient rejected. Refer to Error Codes section at https://www.cox.com/error
51 Charter: 554 cmsmtp 192.0.2.1 blocked. IP blacklisted by Spamhaus. For remediation please use https://www.spamhaus.org/lookup/ [103]
10 Orange: 550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]
52 Orange: 550 5.2.0 Mail rejete. Mail rejected. Spam detected. OFR_506 [506]
20 Orange: 421 mwinf5c03 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104 [104]
22 Orange: 552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]
10 SFR: 550 5.1.1 <user@sfr.fr>: Recipient address rejected: Utilisateur inconnu
52 Free: 550 spam detected; too many spams from your IP (192.0.2.1), please visit http://postmaster.free.fr/
10 mail.ru: 550 Message was not accepted -- invalid mailbox. Local mailbox user@mail.ru is unavailable: user not found
40 mail.ru: 550 Message was not accepted -- invalid mailbox. Local mailbox user@mail.ru is unavailable: account is disabled
52 mail.ru: 550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c=q1w2 or report details to abuse@corp.mail.ru. Error code: 1234.
50 mail.ru: 550 Access from ip address 192.0.2.1 blocked. Visit http://help.mail.ru/notspam-support/ip?c=x
20 mail.ru: 451 Try again later (ratelimit)
10 Yandex: 550 5.7.1 No such user!
52 Yandex: 554 5.7.1 Message rejected under suspicion of SPAM; https://ya.cc/1IrBc 1730799131-abcDEF
20 Yandex: 451 4.7.1 Sorry, the service is currently unavailable. Please come back later.
22 Yandex: 552 5.2.2 Mailbox size limit exceeded 1730799131-abc
10 QQ: 550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000728
40 QQ: 550 Mailbox unavailable or access denied [MzZxP6SMDNzS 192.0.2.1]
52 QQ: 550 Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726
50 QQ: 550 Domain frequency limited [MzZxP6SMDNzS 192.0.2.1]. http://service.mail.qq.com/cgi-bin/help
52 NetEase: 554 DT:SPM 163 smtp1,GdxpCgD3v8_uMFdi,1649881326,please see http://mail.163.com/help/help_spam_16.htm?ip=192.0.2.1
10 NetEase: 550 User not found: user@163.com
51 NetEase: 554 IP<192.0.2.1> in blacklist
10 Naver: 550 5.1.1 No such user - mx.naver.com
10 UOL: 550 5.1.1 <user@uol.com.br>: Recipient address rejected: Usuario inexistente
22 Terra: 552 5.2.2 user@terra.com.br caixa postal cheia
10 Libero: 550 5.1.1 <user@libero.it> recipient rejected: utente sconosciuto
10 Seznam: 550 5.1.1 sorry, no mailbox here by that name
10 ProtonMail: 550 5.1.1 <user@proton.me>: Recipient address rejected: Address does not exist
10 Fastmail: 550 5.1.1 <user@fastmail.com>: Recipient address rejected: User unknown in virtual alias table
40 Rackspace: 550 5.2.1 The mailbox has been suspended: user account unknown or disabled
53 Trend Micro: 550 5.7.1 Attachments of this type are blocked by content policy
51 Trend Micro: 550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using Trend Micro RBL+. Please see http://www.mail-abuse.com/cgi-bin/lookup?ip_address=192.0.2.1
50 Zimbra: 550 5.7.1 Blacklisted by recipient
50 Zimbra: 554 5.7.1 You are not allowed to connect.
40 RFC 5321: 550 Requested action not taken: mailbox unavailable
40 RFC 5321: 551 User not local; please try <user@example.org>
22 RFC 5321: 552 Requested mail action aborted: exceeded storage allocation
40 RFC 5321: 553 Requested action not taken: mailbox name not allowed
40 RFC 5321: 554 Transaction failed
20 RFC 5321: 450 Requested mail action not taken: mailbox unavailable
20 RFC 5321: 451 Requested action aborted: local error in processing
20 RFC 5321: 421 mx.example.com Service not available, closing transmission channel
40 trap: 550 5.1.7 <sender>: Sender address does not exist
40 trap: 550 5.1.7 Invalid sender: mailbox not found
50 trap: 550 5.7.1 Account not found for SASL user
50 trap: 550 5.7.0 The mailbox of the envelope sender does not exist
40 trap: 550 IP address not found in DNS
40 trap: 550 Host name or address not found
40 trap: 550 User account is unavailable
40 trap: 550 mailbox does not exist anymore or is disabled
10 trap: 550 5.2.1 Mailbox user@example.com does not exist
10 trap: 550 5.1.0 <user@example.com> User unknown; rejecting
10 Exim: 550 Unknown local part user in <user@example.com>
10 Exchange Online: 550-5.4.1 Recipient address rejected: Access denied. For more information see ⏎ 550 5.4.1 https://aka.ms/EXOSmtpErrors
40 trap: 550 Access from your address does not exist in our database
40 trap: 550 5.1.0 user-unknown@no-such-user.example: message refused
40 trap: 550 <no such user@unknown.example>: rejected, see https://help.example/user-unknown/spam/relay-denied
20 trap: 450 5.1.1 No such user here
20 trap: 421 4.7.0 anti-virus scanner failed, mailbox deferred
40 trap: 550
20 trap: 451
23 trap: 554 Message too large, please reduce the size of the attachments; large attachments are not allowed
54 trap: 550 5.1.1 Relaying to <user@example.com> is not allowed; no such local user
`;

/** Reads a reply from its transcript: `550-5.1.1 first ⏎ 550 5.1.1 last`. */
export function replyOf(transcript: string): Reply {
  const lines = transcript.split("⏎").map((line) => line.trim());
  const texts = lines.map((line) => line.slice(4));
  const enhanced = /^[245]\.\d{1,3}\.\d{1,3}(?= |$)/u.exec(texts[0] ?? "")?.[0] ?? null;
  return { code: Number(transcript.slice(0, 3)), enhanced, lines: texts };
}

/** The whole table. */
export const REPLIES: readonly Case[] = TABLE.trim()
  .split("\n")
  .map((row) => {
    const [, code, provider, reply] = /^(\d+) ([^:]+): (.+)$/u.exec(row) ?? [];
    return { code: Number(code), provider: provider ?? "", reply: replyOf(reply ?? "") };
  });
