// One SMTP connection: the library's, with what submission needs and it leaves open. EHLO names what we
// offer, AUTH before TLS is refused unless allowed (decision 7), every sender is taken, recipients are
// strict, replies carry our own enhanced codes, and errors and time are limited.
import type { Socket } from "node:net";
import { SMTPConnection } from "smtp-server/lib/smtp-connection.js";
import { completeMailLine, isAscii, recipientOf, senderOf } from "./envelope.ts";
import { ENCRYPTION_REQUIRED } from "./reply.ts";
import type { SubmissionServer } from "./server.ts";

/** As in Postfix (smtpd_hard_error_limit): who errs more often does not speak SMTP, or looks for holes. */
const MAX_ERRORS = 20;

/** A person who mistypes connects again; a guesser shall have to. */
const MAX_FAILED_AUTH = 3;

/** RFC 5321 §4.5.3.1.2. */
const MAX_EHLO_NAME = 255;

/** RFC 3463 §2, at the start of a text of our own. */
const ENHANCED_CODE = /^[245]\.\d{1,3}\.\d{1,3} /;

/** A live connection; made by the server for each socket. */
export class SubmissionConnection extends SMTPConnection {
  readonly #owner: SubmissionServer;
  #errors = 0;
  #failedAuth = 0;
  #signInTimer: NodeJS.Timeout | null = null;

  constructor(owner: SubmissionServer, socket: Socket, options: { readonly id?: string }) {
    super(owner, socket, options);
    this.#owner = owner;
  }

  /** Whether a command or a message is being worked on: then a stop waits. */
  get isBusy(): boolean {
    return this._handlerPending || Boolean(this._dataStream);
  }

  override init(): void {
    super.init();
    this.#signInTimer = setTimeout(() => {
      if (!this.session.user) this.send(421, "4.4.2 You did not sign in in time");
    }, this.#owner.world.config.limits.idleMs);
    this.#signInTimer.unref();
  }

  /** Emits `ended`. */
  override _onClose(): void {
    if (this.#signInTimer) clearTimeout(this.#signInTimer);
    super._onClose();
    this.emit("ended");
  }

  /** A text that brings its own enhanced code keeps it; the library would put one before it. */
  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    const own = typeof data === "string" && ENHANCED_CODE.test(data);
    super.send(code, data, own ? false : context);
    this.#owner.world.metrics.count("edgepost_gateway_replies_total", { code });
    if (code === 250) return;
    if (code === 535) this.#failedAuth += 1;
    if (code >= 500) this.#errors += 1;
    if (code === 421 || this._closing) return;
    if (this.#failedAuth >= MAX_FAILED_AUTH || this.#errors >= MAX_ERRORS) {
      this.send(421, "4.7.0 Too many errors");
    }
  }

  override handler_EHLO(command: Buffer, callback: () => void): void {
    const [, name = "", ...rest] = command.toString("latin1").trim().split(/\s+/);
    if (name === "" || name.length > MAX_EHLO_NAME || rest.length > 0 || !isAscii(name)) {
      this.send(501, "Syntax: EHLO hostname", false);
      return callback();
    }
    this.hostNameAppearsAs = name.toLowerCase();
    // EHLO ends a mail transaction (RFC 5321 §4.1.4).
    this._resetSession();
    this.send(250, [this.name, ...this.#offers()], false);
    callback();
  }

  /** The keywords of EHLO (contract 1.6). */
  #offers(): readonly string[] {
    const { allowCleartextAuth, certificate, limits } = this.#owner.world.config;
    const mayAuth = this.secure || allowCleartextAuth;
    return [
      "PIPELINING",
      "8BITMIME",
      "ENHANCEDSTATUSCODES",
      `SIZE ${limits.messageBytes}`,
      ...(mayAuth && !this.session.user ? ["AUTH PLAIN LOGIN"] : []),
      ...(certificate && !this.secure ? ["STARTTLS"] : []),
    ];
  }

  override handler_AUTH(command: Buffer, callback: () => void): void {
    if (!this.secure && !this.#owner.world.config.allowCleartextAuth) {
      this.send(ENCRYPTION_REQUIRED.code, ENCRYPTION_REQUIRED.text);
      return callback();
    }
    super.handler_AUTH(command, callback);
  }

  /** Limits the time from DATA to the final dot, however slowly it comes. */
  override handler_DATA(command: Buffer, callback: () => void): void {
    super.handler_DATA(command, callback);
    if (!this._dataStream) return;
    const timer = setTimeout(
      () => this.send(421, "4.4.2 The message did not arrive in time"),
      this.#owner.world.config.limits.dataMs,
    );
    const clear = (): void => clearTimeout(timer);
    this._dataStream.once("end", clear).once("close", clear);
  }

  override _parseAddressCommand(
    name: string,
    command: Buffer | string,
  ): ReturnType<SMTPConnection["_parseAddressCommand"]> {
    const line = command.toString("latin1");
    if (!isAscii(line)) return false;
    const isMail = name === "mail from";
    const parsed = super._parseAddressCommand(name, isMail ? completeMailLine(line) : line);
    if (!parsed) return false;
    const address = isMail ? senderOf(parsed.address) : recipientOf(parsed.address);
    return address === null ? false : { ...parsed, address };
  }
}
