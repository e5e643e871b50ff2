// How long the SMTP client waits, and why.
import type { Deadlines } from "./transaction.ts";

/** Shorter than RFC 5321 §4.5.3.2 allows: a retry is cheap here, a lane that waits is not. */
export const SMTP_DEADLINES: Deadlines = {
  // TCP (and with implicit TLS the handshake): three SYN retransmissions (1, 2, 4 s) fit.
  connect: 10_000,
  // Relays that delay their banner against spammers do so for 5 to 20 s.
  greeting: 30_000,
  // A reply to one command; address look-ups at RCPT seldom take over 10 s.
  command: 30_000,
  // A TLS handshake is four packets; a failed verification can leave it pending for ever.
  tls: 10_000,
  // Content filters judge after the dot; 60 s sees nearly all of them out. A longer wait would
  // outlast the lease of the delivery and be sent again anyway.
  content: 60_000,
  // Other due mail may not wait longer than this behind a relay that thinks (issue's section 4).
  slow: 2_000,
};

/** For the reply to QUIT, which nothing depends on. */
export const QUIT_WAIT = 1_000;
