// One session with a relay that is ready for mail: transactions one after the other, the next envelope
// in the same group as the end of this content (RFC 2920 §3.1). Each transaction has its own ending.
import { fail, ok } from "../../lib/result.ts";
import type { Result } from "../../lib/result.ts";
import type { Capabilities } from "./capabilities.ts";
import { BLOCK_BYTES, dataBlocks } from "./data.ts";
import { QUIT_WAIT } from "./deadlines.ts";
import { envelopeCommands, localRefusal } from "./envelope.ts";
import { replyText } from "./reply.ts";
import type { Deadlines, Ending, Reply, Transaction } from "./transaction.ts";
import type { Wire, WireProblem } from "./wire.ts";

/** Asked once, when a content is about to leave: what shall ride behind it in the same group? */
export type Next = () => Transaction | "quit" | undefined;

type TransactionStep = "mail" | "rcpt" | "data" | "content";
type EnvelopeStep = "mail" | "rcpt" | "data";
/** Spoken for, not yet sent: its envelope left with the content before it, or was refused here. */
type Ahead = { readonly transaction: Transaction; readonly refusal: Ending | null };

const ENVELOPE: readonly EnvelopeStep[] = ["mail", "rcpt", "data"];
/** "Service not available, closing": nothing more can be said (RFC 5321 §3.8). */
const CLOSING = 421;
const encoder = new TextEncoder();

export class SmtpSession {
  readonly #wire: Wire;
  readonly #can: Capabilities;
  readonly #deadlines: Deadlines;
  readonly #buffer = new Uint8Array(BLOCK_BYTES);
  #usable = true;
  #ahead: Ahead | null = null;
  /** A refused transaction left the relay inside MAIL: RSET opens the next group. */
  #reset = false;

  constructor(wire: Wire, can: Capabilities, deadlines: Deadlines) {
    this.#wire = wire;
    this.#can = can;
    this.#deadlines = deadlines;
  }

  /** False once nothing more may be sent. A transaction that `next` gave then goes elsewhere. */
  get usable(): boolean {
    return this.#usable;
  }

  /**
   * Sends one message and waits for its ending. When PIPELINING is offered, `next` is asked once,
   * as the content leaves: a transaction is opened ahead and must be the one of the next `send`;
   * "quit" ends the session with this message; undefined leaves it open. `onSlow` is called when the
   * reply to the final dot takes longer than `deadlines.slow`: a transaction that was opened ahead is
   * then given up, none of its content will leave here, and the session ends with this message.
   */
  async send(tx: Transaction, next: Next, onSlow: () => void): Promise<Ending> {
    if (!this.#usable) return this.#broken("mail", "the session has ended");
    if (this.#ahead !== null && this.#ahead.transaction !== tx) {
      throw new Error("another transaction was opened ahead on this session");
    }
    const refused = await this.#open(tx);
    if (refused !== null) return refused;
    try {
      await tx.beforeContent?.();
      const tail = this.#lookAhead(next);
      return await this.#sendContent(tx, tail, onSlow);
    } catch (error) {
      // 354 was given: without its content this connection is good for nothing.
      this.#end();
      throw error;
    }
  }

  /** Says goodbye if that is possible, and closes. Never fails, takes at most two short waits. */
  async quit(): Promise<void> {
    if (!this.#usable) return;
    // With an envelope open ahead the relay may wait for content, where QUIT would be text.
    if (this.#ahead === null || this.#ahead.refusal !== null) {
      const written = await this.#wire.write(encoder.encode("QUIT\r\n"), QUIT_WAIT);
      if (written.ok) await this.#wire.replyWithin(QUIT_WAIT);
    }
    this.#end();
  }

  /** Gets as far as 354; an ending when it does not come. */
  async #open(tx: Transaction): Promise<Ending | null> {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead !== null) return ahead.refusal ?? (await this.#readEnvelope());
    const refusal = localRefusal(tx, this.#can, this.#wire.tls);
    if (refusal !== null) return refusal;
    // An idle relay may have said 421 or left: that is no answer to this envelope.
    const unasked = await this.#wire.unasked();
    if (unasked !== null) return this.#broken("mail", unasked);
    return this.#can.pipelining ? await this.#openTogether(tx) : await this.#openInSteps(tx);
  }

  async #openTogether(tx: Transaction): Promise<Ending | null> {
    const reset = this.#reset ? "RSET\r\n" : "";
    const group = encoder.encode(`${reset}${this.#group(tx)}`);
    const written = await this.#wire.write(group, this.#deadlines.command);
    if (!written.ok) return this.#broken("mail", written.error);
    const cleared = await this.#readReset();
    return cleared ?? (await this.#readEnvelope());
  }

  /** One command, one reply: for relays without PIPELINING. */
  async #openInSteps(tx: Transaction): Promise<Ending | null> {
    if (this.#reset) {
      const written = await this.#write("RSET\r\n");
      const cleared = written.ok ? await this.#readReset() : this.#broken("mail", written.error);
      if (cleared !== null) return cleared;
    }
    const commands = envelopeCommands(tx, this.#can);
    for (const step of ENVELOPE) {
      const written = await this.#write(commands[step]);
      const reply = written.ok ? await this.#reply() : written;
      if (!reply.ok) return this.#broken(step, reply.error);
      const verdict = this.#judge(step, reply.value);
      if (verdict === null) continue;
      this.#reset = verdict.kind === "refused" && step !== "mail";
      return verdict;
    }
    return this.#dataOpen();
  }

  async #readReset(): Promise<Ending | null> {
    if (!this.#reset) return null;
    const reply = await this.#reply();
    if (!reply.ok) return this.#broken("mail", reply.error);
    if (reply.value.code !== 250) {
      return this.#broken("mail", `RSET was answered ${replyText(reply.value)}`);
    }
    this.#reset = false;
    return null;
  }

  /**
   * Reads the replies to a group of MAIL, RCPT and DATA. The first refusal counts; the rest is read
   * all the same, because a relay answers DATA also after it refused the recipient.
   */
  async #readEnvelope(): Promise<Ending | null> {
    let refused: Ending | null = null;
    let recipient = false;
    for (const step of ENVELOPE) {
      const reply = await this.#reply();
      if (!reply.ok) return this.#endWith(refused ?? this.#broken(step, reply.error));
      const verdict = this.#judge(step, reply.value);
      if (verdict === null && step === "rcpt") recipient = true;
      if (verdict === null && step === "data" && refused !== null) {
        return await this.#emptyContent(refused, recipient);
      }
      refused ??= verdict;
      if (!this.#usable || verdict?.kind === "broken") return this.#endWith(refused);
    }
    this.#reset = refused !== null;
    return refused ?? this.#dataOpen();
  }

  /** What a reply means to its transaction: null is yes. Ends the session where it must. */
  #judge(step: EnvelopeStep, reply: Reply): Ending | null {
    if (reply.code === CLOSING) this.#end();
    if (reply.code >= 400) return { kind: "refused", step, reply, tls: this.#wire.tls };
    const good = step === "data" ? reply.code === 354 : reply.code < 300;
    return good ? null : this.#broken(step, `unexpected answer: ${replyText(reply)}`);
  }

  /** 354 was read: nothing may have been said after it. */
  #dataOpen(): Ending | null {
    return this.#wire.pending ? this.#broken("data", "the relay spoke out of turn") : null;
  }

  /**
   * DATA was accepted although there is nobody to send to: a lone dot ends the empty message, and its
   * reply means nothing (RFC 2920 §3.1). If MAIL was refused yet a recipient accepted, that dot could
   * deliver an empty message: such a connection is closed instead.
   */
  async #emptyContent(refused: Ending, recipient: boolean): Promise<Ending> {
    if (recipient) return this.#endWith(refused) ?? refused;
    const written = await this.#write(".\r\n");
    const reply = written.ok ? await this.#reply() : written;
    if (!reply.ok || reply.value.code === CLOSING) this.#end();
    return refused;
  }

  /** Chooses what rides behind the content and remembers it. */
  #lookAhead(next: Next): { readonly bytes: Uint8Array; readonly quit: boolean } {
    const chosen = this.#can.pipelining ? next() : undefined;
    if (chosen === undefined) return { bytes: new Uint8Array(0), quit: false };
    if (chosen === "quit") return { bytes: encoder.encode("QUIT\r\n"), quit: true };
    const refusal = localRefusal(chosen, this.#can, this.#wire.tls);
    this.#ahead = { transaction: chosen, refusal };
    return { bytes: encoder.encode(refusal === null ? this.#group(chosen) : ""), quit: false };
  }

  async #sendContent(
    tx: Transaction,
    tail: { readonly bytes: Uint8Array; readonly quit: boolean },
    onSlow: () => void,
  ): Promise<Ending> {
    // Read from the start: a relay that has seen enough refuses in the middle of the content.
    const reply = this.#wire.reply();
    const sent = await this.#writeContent(tx, tail.bytes, reply);
    const answer = await this.#awaitEnd(reply, sent, onSlow);
    const ending = this.#concluded(answer, sent.dot);
    if (tail.quit) this.#end();
    return ending;
  }

  /** Writes until the end, or until the relay answers or fails. `dot`: the final dot may have left. */
  async #writeContent(
    tx: Transaction,
    tail: Uint8Array,
    reply: Promise<Result<Reply, WireProblem>>,
  ): Promise<{ readonly dot: boolean; readonly problem: WireProblem | null }> {
    let answered = false;
    const early = reply.then(() => {
      answered = true;
      return ok(null);
    });
    for (const block of dataBlocks(tx.content, tail, this.#buffer)) {
      if (answered) return { dot: false, problem: null };
      const writing = this.#wire.write(block.bytes, this.#deadlines.content);
      // The last block is waited for in any case, so that the buffer is free for the next message.
      const written = await (block.last ? writing : Promise.race([writing, early]));
      if (!written.ok) return { dot: block.last, problem: written.error };
    }
    return { dot: true, problem: null };
  }

  /** Waits for the reply to the final dot; gives up what was opened ahead when it is slow. */
  async #awaitEnd(
    reply: Promise<Result<Reply, WireProblem>>,
    sent: { readonly dot: boolean; readonly problem: WireProblem | null },
    onSlow: () => void,
  ): Promise<Result<Reply, WireProblem>> {
    // A relay that refuses and leaves breaks the writing: its words may still be on their way.
    if (sent.problem !== null) {
      const words = await this.#wire.watch.within(
        Math.min(QUIT_WAIT, this.#deadlines.command),
        reply,
      );
      return words.ok ? words : fail(sent.problem);
    }
    const { watch } = this.#wire;
    const inTime = watch.after(this.#deadlines.slow, () => this.#giveUpAhead(onSlow));
    const answer = await watch.within(this.#deadlines.content, reply);
    inTime();
    return answer;
  }

  #giveUpAhead(onSlow: () => void): void {
    // The relay will answer 354 to that envelope; nothing may follow it, so this is the last message.
    if (this.#ahead !== null && this.#ahead.refusal === null) this.#usable = false;
    this.#ahead = null;
    onSlow();
  }

  /** The ending of a transaction whose content was begun. */
  #concluded(answer: Result<Reply, WireProblem>, dot: boolean): Ending {
    if (!answer.ok) return this.#broken("content", answer.error, dot);
    const reply = answer.value;
    const tls = this.#wire.tls;
    // Also ends a session that lost its opened-ahead envelope, and one that was refused half-way.
    if (reply.code === CLOSING || !dot || !this.#usable) this.#end();
    if (reply.code >= 400) return { kind: "refused", step: "content", reply, tls };
    if (dot && reply.code < 300) return { kind: "accepted", reply, tls };
    // After the dot a 3xx is no verdict: the message may have been taken.
    return this.#broken("content", `unexpected answer: ${replyText(reply)}`, dot);
  }

  #broken(step: TransactionStep, reason: string, ambiguous = false): Ending {
    this.#end();
    return { kind: "broken", step, ambiguous, reason, tls: this.#wire.tls };
  }

  #endWith(ending: Ending | null): Ending | null {
    this.#end();
    return ending;
  }

  #end(): void {
    this.#usable = false;
    this.#ahead = null;
    this.#wire.close();
  }

  #group(tx: Transaction): string {
    const { mail, rcpt, data } = envelopeCommands(tx, this.#can);
    return `${mail}${rcpt}${data}`;
  }

  async #write(command: string): Promise<Result<null, WireProblem>> {
    return await this.#wire.write(encoder.encode(command), this.#deadlines.command);
  }

  async #reply(): Promise<Result<Reply, WireProblem>> {
    return await this.#wire.replyWithin(this.#deadlines.command);
  }
}
