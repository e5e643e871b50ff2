// The words that the SMTP client and its callers share: what is sent, over which relay, within
// which deadlines, and how it ended. Types only; the protocol is in client.ts.

/** How the connection to a relay is protected. `none` uses STARTTLS only if the relay offers it. */
export type TlsMode = "none" | "starttls" | "implicit";

/** Where and as whom to submit (RFC 6409). Without a username no AUTH is tried. */
export type RelayLogin = {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  readonly username: string | null;
  readonly password: string | null;
  /** Only true for a loopback relay in local development: AUTH may then travel in clear. */
  readonly allowCleartextAuth: boolean;
};

/** A complete SMTP reply (RFC 5321 §4.2, RFC 2034). `lines` are the texts without code and separator. */
export type Reply = {
  readonly code: number;
  /** Enhanced status code such as `5.1.1`, or null when the reply has none. */
  readonly enhanced: string | null;
  readonly lines: readonly string[];
};

/** One recipient's transaction: its own envelope, its own bytes (RFC 5321 §3.3). */
export type Transaction = {
  /** Reverse-path without angle brackets, already validated; empty string is the null path. */
  readonly from: string;
  /** Forward-path without angle brackets, already validated. */
  readonly to: string;
  /** The message in CRLF lines, in order, not dot-stuffed. The client stuffs and normalises. */
  readonly content: readonly Uint8Array[];
  /** The content or a header holds bytes over 127: BODY=8BITMIME is asked for. */
  readonly eightBit: boolean;
  /** An envelope address or a header holds non-ASCII: SMTPUTF8 is required (RFC 6531). */
  readonly smtputf8: boolean;
  /** Awaited before the first content byte leaves; the marker of `onAmbiguous: hold` is written here. */
  readonly beforeContent?: () => Promise<void>;
};

/** The steps of a session, in order (RFC 5321 §3). `content` is the final dot and its reply. */
export type Step =
  | "connect"
  | "greeting"
  | "ehlo"
  | "starttls"
  | "auth"
  | "mail"
  | "rcpt"
  | "data"
  | "content";

/** How one transaction ended. */
export type Ending =
  /** 2xx after the final dot: the relay is responsible now (RFC 5321 §4.2.5). */
  | { readonly kind: "accepted"; readonly reply: Reply; readonly tls: boolean }
  /** The relay judged this message: 4xx or 5xx at MAIL, RCPT, DATA or the final dot. */
  | {
      readonly kind: "refused";
      readonly step: "mail" | "rcpt" | "data" | "content";
      readonly reply: Reply;
      readonly tls: boolean;
    }
  /** The relay could not be used at all; says nothing about this message. No content byte was sent. */
  | {
      readonly kind: "unusable";
      readonly step: "connect" | "greeting" | "ehlo" | "starttls" | "auth";
      /** The refusing reply, or null when it was the network, the name, TLS, or a deadline. */
      readonly reply: Reply | null;
      /** Plain words, without secrets, such as `timed out after 10 s`. */
      readonly reason: string;
    }
  /**
   * The connection was lost, timed out, or spoke nonsense inside the transaction. `ambiguous` is true
   * only when the final dot may have reached the relay and no reply was read.
   */
  | {
      readonly kind: "broken";
      readonly step: "mail" | "rcpt" | "data" | "content";
      readonly ambiguous: boolean;
      readonly reason: string;
      readonly tls: boolean;
    };

/** Milliseconds that each wait may take; every read has one of these over it. */
export type Deadlines = {
  readonly connect: number;
  readonly greeting: number;
  readonly command: number;
  readonly tls: number;
  /** From the final dot to its reply (RFC 5321 §4.5.3.2.6). */
  readonly content: number;
  /** After this long without a reply to the final dot, a lookahead envelope is given back. */
  readonly slow: number;
};

/** An open, ordered, reliable byte stream to a relay: what socket.ts makes and the client speaks over. */
export type Stream = {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Upgrades to TLS and returns the new stream; the old one must not be used again. */
  startTls(): Stream;
  /** Resolves once connected; rejects with the platform's words when it cannot. */
  readonly opened: Promise<unknown>;
  /** Settles when the socket is gone and its slot is free again. */
  readonly closed: Promise<unknown>;
  /** Never awaited: closing a socket that never connected takes about 20 s. */
  close(): void;
};

/** Opens a stream to host and port; `secure` is TLS from the first byte. */
export type Dial = (address: {
  readonly host: string;
  readonly port: number;
  readonly secure: "off" | "on" | "starttls";
}) => Stream;
