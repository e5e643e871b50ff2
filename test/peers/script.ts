// The words that the test peers and the tests share: what a peer shall do, and what it saw. Types
// only: read by Node (the peers) and by workerd (the tests).

/** The moments at which a scripted SMTP peer can misbehave. */
export type PeerStep =
  /** A TCP connection was accepted; nothing was said. With implicit TLS: in place of the handshake. */
  | "connect"
  | "banner"
  | "ehlo"
  | "helo"
  | "starttls"
  /** After a 220 to STARTTLS: in place of the TLS handshake. */
  | "tls"
  | "auth"
  /** Each line of the client inside an AUTH exchange. */
  | "auth-response"
  | "mail"
  | "rcpt"
  | "data"
  /** The final dot arrived. */
  | "dot"
  | "rset"
  | "quit";

/** What a peer does instead of its normal answer. */
export type PeerAction =
  | {
      /** One or more replies; CRLF is added at the end unless `raw`. Code 354 at `data` opens content. */
      readonly reply: string;
      /** Send exactly these characters, nothing added. */
      readonly raw?: boolean;
      /** Write the text as Latin-1, so that any byte can be sent; else UTF-8. */
      readonly latin1?: boolean;
      /** Wait this many milliseconds first. */
      readonly delay?: number;
      /** Write in pieces of so many bytes, with so many milliseconds between them. */
      readonly pieces?: { readonly bytes: number; readonly every: number };
      /** After the reply: go on (default), close, reset, or never answer again. */
      readonly after?: "close" | "rst" | "stall";
    }
  /** `close` ends the connection, `rst` resets it, `stall` keeps it open and never answers again. */
  | { readonly drop: "close" | "rst" | "stall"; readonly delay?: number };

/** When an action applies; the first rule that fits is taken. */
export type PeerRule = {
  readonly at: PeerStep;
  /** Text in the command line; at `data` and `dot`: in one of the recipients that were asked for. */
  readonly match?: string;
  /** Only the n-th time (from 1) that this step happens, over the life of the peer. */
  readonly nth?: number;
  /** Only on the n-th connection (from 1). */
  readonly connection?: number;
  /** At most so many times. */
  readonly times?: number;
  readonly do: PeerAction;
};

/** Which certificate a peer shows: only `trusted` verifies, for host name `localhost`. */
export type PeerCertificate = "trusted" | "other-ca" | "self-signed" | "wrong-host" | "expired";

/** A scripted SMTP server. Everything is optional: the empty script is a good modern relay. */
export type SmtpScript = {
  /** Listen on this port (one that an earlier peer had); default: a free one. */
  readonly port?: number;
  /** False: take a port and listen on nothing, so that a connection is refused. */
  readonly listen?: boolean;
  readonly implicitTls?: boolean;
  readonly certificate?: PeerCertificate;
  readonly greeting?: string;
  readonly pipelining?: boolean;
  readonly eightBitMime?: boolean;
  readonly smtputf8?: boolean;
  readonly enhancedStatusCodes?: boolean;
  /** Maximum size to advertise; null: SIZE is not offered. Default 50 MB. */
  readonly size?: number | null;
  /** Offered from the start (also before TLS), default none. */
  readonly auth?: readonly string[];
  /** The login to accept; default: any. */
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly starttls?: boolean;
  /** False: do not read from the socket any more once content began (a peer that stops reading). */
  readonly readContent?: boolean;
  /** False: do not keep message bodies in the log (size and digest stay). */
  readonly keepContent?: boolean;
  readonly rules?: readonly PeerRule[];
};

export type PeerConnection = {
  readonly connection: number;
  readonly openedAt: number;
  readonly closedAt: number | null;
  readonly tls: boolean;
  /** Bytes received after decryption. */
  readonly bytes: number;
  /** Bytes received in plain text, handshakes not counted. */
  readonly plainBytes: number;
  /** Times that the peer waited for input after it had replied, counted from the first MAIL to QUIT. */
  readonly roundTrips: number;
  /** The handshake's failure, in the peer's words. */
  readonly tlsError: string | null;
};

/** A command line, as received, without its CRLF (bytes as Latin-1). */
export type PeerLine = {
  readonly connection: number;
  readonly at: number;
  readonly tls: boolean;
  readonly text: string;
};

/** A message whose final dot arrived. */
export type PeerMessage = {
  readonly connection: number;
  readonly at: number;
  readonly tls: boolean;
  readonly from: string;
  /** What followed the reverse-path in MAIL, such as `SIZE=12 BODY=8BITMIME`. */
  readonly parameters: string;
  /** Recipients that the peer had accepted. */
  readonly to: readonly string[];
  /** True when the reply to the dot was 2xx. */
  readonly accepted: boolean;
  /** Bytes after unstuffing. */
  readonly size: number;
  /** SHA-256 of the unstuffed content, in hex. */
  readonly sha256: string;
  /** The unstuffed content, base64; empty with `keepContent: false`. */
  readonly content: string;
};

/** Content that was begun (354 was sent) and had not ended when the log was read. */
export type PeerUnfinished = {
  readonly connection: number;
  readonly to: readonly string[];
  readonly bytes: number;
};

export type SmtpPeerLog = {
  readonly connections: readonly PeerConnection[];
  readonly maxConnections: number;
  readonly lines: readonly PeerLine[];
  readonly messages: readonly PeerMessage[];
  readonly unfinished: readonly PeerUnfinished[];
  /** Sum over the connections. */
  readonly roundTrips: number;
  /** LF without CR before it, CR without LF after it; in commands and in content. */
  readonly bareLf: number;
  readonly bareCr: number;
};

/** How an HTTP receiver answers one request. */
export type HttpReply = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Send a body of so many bytes instead. */
  readonly bodyBytes?: number;
  /** Send the body one byte per so many milliseconds. */
  readonly trickle?: number;
  /** Wait this many milliseconds before answering. */
  readonly delay?: number;
  /** After the request was read: close without an answer, reset, or never answer. */
  readonly drop?: "close" | "rst" | "hang";
};

export type HttpScript = {
  readonly port?: number;
  /** The n-th request gets the n-th reply, the last one repeats. Empty: 200. */
  readonly replies?: readonly HttpReply[];
  /** Replies for one path (exact, without query), counted for themselves. */
  readonly paths?: Readonly<Record<string, readonly HttpReply[]>>;
};

export type HttpRequestSeen = {
  readonly at: number;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as UTF-8. */
  readonly body: string;
};

export type HttpReceiverLog = {
  readonly requests: readonly HttpRequestSeen[];
  /** Most requests that were open at the same time. */
  readonly maxConcurrent: number;
  readonly connections: number;
};
