// One listener of the gateway: takes connections within the limits and answers what the library asks of
// an application. What is decided stands elsewhere: authenticate.ts, ingest.ts.
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  SMTPServer,
  type SMTPServerAddress,
  type SMTPServerAuthentication,
  type SMTPServerAuthenticationResponse,
  type SMTPServerDataStream,
  type SMTPServerOptions,
  type SMTPServerSession,
} from "smtp-server";
import { reasonOf } from "../src/lib/log.ts";
import type { AddressLimit } from "./address-limit.ts";
import { authenticate } from "./authenticate.ts";
import { type Certificate, MIN_TLS_VERSION } from "./certificate.ts";
import { ingest } from "./ingest.ts";
import {
  AUTH_INVALID,
  AUTH_UNAVAILABLE,
  type Reply,
  tooLarge,
  WORKER_UNAVAILABLE,
} from "./reply.ts";
import { SubmissionConnection } from "./session.ts";
import type { Sender, World } from "./world.ts";

/** RFC 5321 §4.5.3.1.4 and .5: 512 octets, and more by extensions; AUTH may carry a long password. */
const MAX_COMMAND_BYTES = 2_048;

/** Contract 1.6. */
const MAX_RECIPIENTS = 1_000;

/** What one header of the request to the Worker may carry (the wire of `/internal/smtp/ingest`). */
const MAX_RECIPIENTS_CHARACTERS = 60_000;

/** EHLO, STARTTLS, EHLO and some NOOPs; then a client has signed in or never will. */
const MAX_COMMANDS_BEFORE_AUTH = 12;

/** The library's leftovers from sendmail, and what only a proxy of ours could use. */
const NOT_OFFERED = ["WIZ", "SHELL", "KILL", "XCLIENT", "XFORWARD", "HELP"];

/** A client that was refused may read why for so long. */
const REFUSAL_LINGER_MS = 1_000;

/** How often a stop looks for sessions that have nothing more to do. */
const STOP_LOOK_MS = 25;

/** The last reply is on its way to the client for so long when a stop cuts the connection. */
const LAST_WORDS_MS = 100;

type Done = (error?: Error | null) => void;

/** What a listener is made with. */
export type Listener = {
  readonly world: World;
  readonly addresses: AddressLimit;
  readonly certificate: Certificate | null;
  readonly implicitTls: boolean;
};

/** A live listener. */
export class SubmissionServer extends SMTPServer {
  readonly world: World;
  readonly #addresses: AddressLimit;
  readonly #implicitTls: boolean;
  /** Every accepted socket that is open, with what gives its place back. */
  readonly #sockets = new Map<Socket, () => void>();
  /** Messages between DATA and their reply. */
  uploads = 0;

  constructor(listener: Listener) {
    super(optionsOf(listener));
    this.world = listener.world;
    this.#addresses = listener.addresses;
    this.#implicitTls = listener.implicitTls;
    // In place of the library's own listener: a socket that is destroyed before it wraps it in TLS would
    // end the process.
    const begins = this.server.listeners("connection");
    this.server.removeAllListeners("connection");
    this.server.on("connection", (socket: Socket) => {
      if (this.#admit(socket)) for (const begin of begins) begin.call(this.server, socket);
    });
    this.on("error", (error) => {
      this.world.metrics.count("edgepost_gateway_connection_errors_total");
      this.world.log("info", "connection_failed", { reason: reasonOf(error) });
    });
  }

  /** The connections that are open. */
  get sessions(): readonly SubmissionConnection[] {
    return [...this.connections].filter((one) => one instanceof SubmissionConnection);
  }

  /** Takes no new connection, says goodbye to who is idle, waits for who is not, at most `stopMs`. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.close(() => resolve()));
    const deadline = Date.now() + this.world.config.limits.stopMs;
    for (;;) {
      const busy = this.sessions.filter((one) => one.isBusy);
      for (const one of this.sessions) if (!one.isBusy) one.send(421, "4.3.2 Shutting down");
      if (busy.length === 0 || Date.now() > deadline) break;
      await sleep(STOP_LOOK_MS);
    }
    await sleep(LAST_WORDS_MS);
    for (const socket of this.#sockets.keys()) socket.destroy();
    await closed;
  }

  /** Whether the socket's address may have one more; if not, it is told and closed. */
  #admit(socket: Socket): boolean {
    const leave = this.#addresses.enter(socket.remoteAddress ?? "");
    const { metrics } = this.world;
    if (leave) {
      const gone = (): void => {
        if (this.#sockets.delete(socket)) leave();
      };
      this.#sockets.set(socket, gone);
      socket.once("close", gone);
      metrics.count("edgepost_gateway_connections_total", { tls: String(this.#implicitTls) });
      return true;
    }
    metrics.count("edgepost_gateway_connections_refused_total", { reason: "address" });
    socket.on("error", () => undefined);
    if (this.#implicitTls) socket.destroy();
    else socket.end("421 4.7.0 Too many connections from your address\r\n");
    setTimeout(() => socket.destroy(), REFUSAL_LINGER_MS).unref();
    return false;
  }

  override connect(socket: Socket, options?: { readonly id?: string } | null): void {
    // Gone already: a session would wait for ever for a socket that says nothing more.
    if (socket.destroyed) return;
    const session = new SubmissionConnection(this, socket, options ?? {});
    this.connections.add(session);
    session.on("error", (error: Error) => this.emit("error", error));
    // STARTTLS takes our listener from the socket; the session is told when the connection ends.
    session.once("ended", this.#sockets.get(socket) ?? (() => undefined));
    session.init();
  }

  override onAuth(
    auth: SMTPServerAuthentication,
    session: SMTPServerSession,
    done: (error: Error | null, response?: SMTPServerAuthenticationResponse) => void,
  ): void {
    const { username = "", password, authzid = "" } = auth;
    // RFC 4616 §2: to act for somebody else is not offered.
    if (typeof password !== "string" || (authzid !== "" && authzid !== username)) {
      return done(errorOf(AUTH_INVALID));
    }
    const { remoteAddress: address, secure } = session;
    authenticate(this.world, { username, password, address, secure }).then(
      (result) => (result.ok ? done(null, { user: result.value }) : done(errorOf(result.error))),
      (error: unknown) => {
        this.world.log("error", "auth_broken", { reason: reasonOf(error) });
        done(errorOf(AUTH_UNAVAILABLE));
      },
    );
  }

  override onMailFrom({ args }: SMTPServerAddress, session: SMTPServerSession, done: Done): void {
    const { maxSize } = senderIn(session);
    const declared = Number(args ? (args["SIZE"] ?? 0) : 0);
    // Not at once: the library's parser would forget to go on after a message whose whole transaction was
    // pipelined behind another one.
    setImmediate(done, declared > maxSize ? errorOf(tooLarge(maxSize)) : null);
  }

  override onRcptTo({ address }: SMTPServerAddress, session: SMTPServerSession, done: Done): void {
    const all = [...session.envelope.rcptTo.map((one) => one.address), address];
    const characters = all.reduce((sum, one) => sum + one.length + 1, 0);
    const tooMany = {
      code: 452,
      text: "4.5.3 Too many recipients; send the rest in a new message",
    };
    done(characters > MAX_RECIPIENTS_CHARACTERS ? errorOf(tooMany) : null);
  }

  override onData(
    content: SMTPServerDataStream,
    session: SMTPServerSession,
    done: (error?: Error | null, text?: string) => void,
  ): void {
    const { mailFrom, rcptTo } = session.envelope;
    this.uploads += 1;
    ingest(this.world, {
      sender: senderIn(session),
      from: mailFrom ? mailFrom.address : "",
      to: rcptTo.map((one) => one.address),
      address: session.remoteAddress,
      secure: session.secure,
      content,
      hangUp: () => this.#hangUp(session),
    })
      .then(
        (result) =>
          result.ok
            ? done(null, `2.0.0 Ok: queued as ${result.value.messageId}`)
            : done(errorOf(result.error)),
        (error: unknown) => {
          this.world.log("info", "message_cut", { reason: reasonOf(error) });
          done(errorOf(WORKER_UNAVAILABLE));
        },
      )
      .finally(() => (this.uploads -= 1));
  }

  #hangUp(session: SMTPServerSession): void {
    const own = this.sessions.find((one) => one.session === session);
    own?.send(552, tooLarge(senderIn(session).maxSize).text);
    own?.close();
  }
}

/** The settings in the library's words. */
function optionsOf({ world, certificate, implicitTls }: Listener): SMTPServerOptions {
  const { serverName, limits } = world.config;
  return {
    name: serverName,
    secure: implicitTls,
    ...(certificate ? { key: certificate.key, cert: certificate.cert } : {}),
    minVersion: MIN_TLS_VERSION,
    disabledCommands: certificate ? NOT_OFFERED : [...NOT_OFFERED, "STARTTLS"],
    authMethods: ["PLAIN", "LOGIN"],
    // Who may use AUTH without TLS is for session.ts to say, also where there is no certificate.
    allowInsecureAuth: true,
    authRequiredMessage: "Authentication required",
    hideENHANCEDSTATUSCODES: false,
    heloResponse: "%s",
    size: limits.messageBytes,
    rejectOversized: true,
    maxRecipients: MAX_RECIPIENTS,
    maxCommandLength: MAX_COMMAND_BYTES,
    maxAllowedUnauthenticatedCommands: MAX_COMMANDS_BEFORE_AUTH,
    maxClients: limits.connections,
    socketTimeout: limits.idleMs,
    closeTimeout: limits.stopMs,
    disableReverseLookup: true,
    logger: false,
  };
}

/** Set by onAuth; the library asks for mail only of who signed in. */
function senderIn(session: SMTPServerSession): Sender {
  return session.user;
}

function errorOf({ code, text }: Reply): Error {
  return Object.assign(new Error(text), { responseCode: code });
}
