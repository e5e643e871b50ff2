// One connection of a scripted SMTP peer: reads commands, answers normally or as a rule says, writes
// down what it saw. Replies to commands that arrived together leave together (RFC 2920 §3.2).
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { TLSSocket } from "node:tls";

import type { Pem } from "./certificate.ts";
import type { PeerAction, PeerConnection, PeerStep, SmtpScript } from "./script.ts";
import { authVerdict, capabilities, dataAnswer } from "./smtp-answers.ts";
import { ContentReader, countBare } from "./smtp-content.ts";
import type { Content } from "./smtp-content.ts";
import { PeerOutput } from "./smtp-output.ts";

/** What a connection asks of and reports to its peer. */
export type PeerHost = {
  readonly script: SmtpScript;
  readonly pem: Pem;
  readonly actionFor: (step: PeerStep, connection: number, text: string) => PeerAction | null;
  readonly sawLine: (connection: number, tls: boolean, text: string) => void;
  readonly sawMessage: (message: Received) => void;
  readonly sawBare: (bare: { bareLf: number; bareCr: number }) => void;
};

export type Received = {
  readonly connection: number;
  readonly tls: boolean;
  readonly envelope: Envelope;
  readonly content: Content;
  readonly accepted: boolean;
};

type Envelope = { from: string; parameters: string; asked: string[]; to: string[] };

// A client that goes on while a reply is being trickled fills this; a runaway one is cut off.
const MAX_INPUT = 64 * 1024 * 1024;

export class Connection {
  readonly #host: PeerHost;
  readonly #number: number;
  readonly #openedAt = Date.now();
  readonly #out: PeerOutput;
  #input: Buffer = Buffer.alloc(0);
  #busy = false;
  #tls = false;
  #closedAt: number | null = null;
  #bytes = 0;
  #plainBytes = 0;
  #roundTrips = 0;
  #counting = false;
  #tlsError: string | null = null;
  #envelope: Envelope | null = null;
  #content: ContentReader | null = null;
  #auth: { mechanism: string; lines: string[] } | null = null;

  constructor(host: PeerHost, number: number, socket: Socket) {
    this.#host = host;
    this.#number = number;
    this.#out = new PeerOutput(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed());
  }

  get open(): boolean {
    return this.#closedAt === null;
  }

  seen(): PeerConnection {
    return {
      connection: this.#number,
      openedAt: this.#openedAt,
      closedAt: this.#closedAt,
      tls: this.#tls,
      bytes: this.#bytes,
      plainBytes: this.#plainBytes,
      roundTrips: this.#roundTrips,
      tlsError: this.#tlsError,
    };
  }

  unfinished(): { connection: number; to: string[]; bytes: number } | null {
    if (this.#content === null) return null;
    const bytes = this.#content.size;
    return { connection: this.#number, to: this.#envelope?.to ?? [], bytes };
  }

  destroy(): void {
    this.#closed();
    this.#out.socket.destroy();
  }

  async greet(): Promise<void> {
    this.#busy = true;
    const action = this.#host.actionFor("connect", this.#number, "");
    const implicit = this.#host.script.implicitTls === true;
    if (action !== null && ((await this.#out.act(action)) === null || implicit))
      return this.#swallow();
    if (implicit) this.#upgrade();
    else this.#listen();
    await this.#say("banner", "", this.#host.script.greeting ?? "220 peer.test ESMTP ready");
    await this.#out.flush();
    this.#busy = false;
    await this.#drain();
  }

  #closed(): void {
    this.#closedAt ??= Date.now();
    this.#out.ended = true;
  }

  /** Keeps reading so that the end of the connection is noticed, and ignores what comes. */
  async #swallow(): Promise<void> {
    await this.#out.flush();
    this.#out.socket.on("data", () => undefined);
  }

  #listen(): void {
    this.#out.socket.on("data", (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (!this.#tls) this.#plainBytes += chunk.length;
      if (this.#out.replied && this.#counting) this.#roundTrips += 1;
      this.#out.replied = false;
      this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
      if (this.#input.length > MAX_INPUT && this.#content === null) this.destroy();
      this.#drain().catch(() => this.destroy());
    });
  }

  #upgrade(): void {
    this.#out.socket.removeAllListeners("data");
    // Plain bytes behind STARTTLS are dropped, as RFC 3207 §4.2 asks.
    this.#input = Buffer.alloc(0);
    const secure = new TLSSocket(this.#out.socket, { isServer: true, ...this.#host.pem });
    secure.on("error", (error) => (this.#tlsError ??= error.message));
    secure.on("close", () => this.#closed());
    this.#out.socket = secure;
    this.#tls = true;
    this.#listen();
  }

  async #drain(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (;;) {
      while (!this.#out.ended && (await this.#step())) if (this.#out.ended) break;
      // One more look: what the client wrote together may arrive in two pieces.
      const size = this.#input.length;
      await turn();
      if (this.#input.length === size || this.#out.ended) await this.#out.flush();
      // Also while the replies were leaving.
      if (this.#input.length === size || this.#out.ended) break;
    }
    this.#busy = false;
  }

  /** Handles one command or one piece of content; false when more input is needed. */
  async #step(): Promise<boolean> {
    if (this.#content !== null) return await this.#readContent(this.#content);
    const end = this.#input.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.#input.subarray(0, end);
    this.#input = this.#input.subarray(end + 2);
    const text = line.toString("latin1");
    this.#host.sawLine(this.#number, this.#tls, text);
    this.#host.sawBare(countBare(line));
    await this.#command(text);
    return true;
  }

  async #readContent(content: ContentReader): Promise<boolean> {
    if (this.#input.length === 0) return false;
    const chunk = this.#input;
    this.#input = Buffer.alloc(0);
    const done = content.push(chunk);
    if (done === null) return false;
    this.#content = null;
    this.#input = done.rest;
    const envelope = this.#envelope ?? { from: "", parameters: "", asked: [], to: [] };
    this.#envelope = null;
    const seen = { connection: this.#number, tls: this.#tls, envelope, content: done.content };
    this.#host.sawBare(done.content);
    const ok = envelope.to.length > 0;
    const normal = ok ? "250 2.0.0 Ok: queued as TEST" : "554 5.5.1 Error: no valid recipients";
    const action = this.#host.actionFor("dot", this.#number, envelope.asked.join(" "));
    const reply = action === null ? normal : "reply" in action ? action.reply : "";
    this.#host.sawMessage({ ...seen, accepted: reply.startsWith("2") });
    if (action === null) this.#out.write(normal);
    else await this.#out.act(action);
    return true;
  }

  async #command(text: string): Promise<void> {
    if (this.#auth !== null) return await this.#authLine(text);
    const verb = (text.split(" ")[0] ?? "").toUpperCase();
    if (verb === "EHLO")
      return void (await this.#say("ehlo", text, capabilities(this.#host.script, this.#tls)));
    if (verb === "HELO") return void (await this.#say("helo", text, "250 peer.test"));
    if (verb === "STARTTLS") return await this.#startTls(text);
    if (verb === "AUTH") return await this.#startAuth(text);
    if (verb === "MAIL") return await this.#mail(text);
    if (verb === "RCPT") return await this.#rcpt(text);
    if (verb === "DATA") return await this.#data();
    if (verb === "RSET") {
      this.#envelope = null;
      await this.#say("rset", text, "250 2.0.0 Ok");
      return;
    }
    if (verb === "QUIT") {
      await this.#say("quit", text, "221 2.0.0 Bye");
      this.#counting = false;
      await this.#out.end("close");
      return;
    }
    this.#out.write(verb === "NOOP" ? "250 2.0.0 Ok" : "502 5.5.2 Error: command not recognized");
  }

  async #mail(text: string): Promise<void> {
    this.#counting = true;
    const nested = this.#envelope !== null;
    const normal = nested ? "503 5.5.1 Error: nested MAIL command" : "250 2.1.0 Ok";
    const code = await this.#say("mail", text, normal);
    if (code === null || code >= 300 || nested) return;
    const found = /^MAIL FROM:<([^>]*)> ?(.*)$/iu.exec(text);
    this.#envelope = { from: found?.[1] ?? "", parameters: found?.[2] ?? "", asked: [], to: [] };
  }

  async #rcpt(text: string): Promise<void> {
    const normal = this.#envelope === null ? "503 5.5.1 Error: need MAIL command" : "250 2.1.5 Ok";
    const code = await this.#say("rcpt", text, normal);
    const to = /^RCPT TO:<([^>]*)>/iu.exec(text)?.[1] ?? text;
    this.#envelope?.asked.push(to);
    if (code !== null && code < 300) this.#envelope?.to.push(to);
  }

  async #data(): Promise<void> {
    const asked = this.#envelope?.asked.join(" ") ?? "";
    const code = await this.#say("data", asked, dataAnswer(this.#envelope));
    if (code !== 354) return;
    this.#content = new ContentReader();
    if (this.#host.script.readContent === false) {
      await this.#out.flush();
      this.#out.socket.pause();
    }
  }

  async #startTls(text: string): Promise<void> {
    const normal = this.#host.script.starttls === true ? "220 2.0.0 Ready" : "502 5.5.1 No TLS";
    const code = await this.#say("starttls", text, normal);
    await this.#out.flush();
    if (code !== 220) return;
    this.#envelope = null;
    this.#out.socket.removeAllListeners("data");
    const action = this.#host.actionFor("tls", this.#number, "");
    if (action === null) return this.#upgrade();
    await this.#out.act(action);
    await this.#swallow();
  }

  async #startAuth(text: string): Promise<void> {
    const [, mechanism = "", initial] = text.split(" ");
    const offered = this.#host.script.auth?.includes(mechanism.toUpperCase()) === true;
    const lines = initial === undefined ? [] : [initial];
    const done = mechanism.toUpperCase() === "PLAIN" && lines.length > 0;
    const answer = done ? authVerdict(this.#host.script, "PLAIN", lines) : "334 VXNlcm5hbWU6";
    const normal = offered ? answer : "504 5.5.4 Unknown";
    const code = await this.#say("auth", text, normal);
    if (code === 334) this.#auth = { mechanism: mechanism.toUpperCase(), lines };
  }

  async #authLine(text: string): Promise<void> {
    const auth = this.#auth;
    if (auth === null) return;
    auth.lines.push(text);
    const complete = auth.mechanism !== "LOGIN" || auth.lines.length >= 2;
    const normal = complete
      ? authVerdict(this.#host.script, auth.mechanism, auth.lines)
      : "334 UGFzc3dvcmQ6";
    const code = await this.#say("auth-response", text, normal);
    if (code !== 334) this.#auth = null;
  }

  async #say(step: PeerStep, text: string, normal: string): Promise<number | null> {
    const action = this.#host.actionFor(step, this.#number, text);
    if (action !== null) return await this.#out.act(action);
    this.#out.write(normal);
    return Number.parseInt(normal, 10);
  }
}
