// One connection's worth of delivery: opens a session to a relay when one is needed, keeps it while it
// is usable, and says how each transaction ended. Knows no queue and no database.
import type { App } from "../app.ts";
import { checkRelayHost } from "../lib/public-address.ts";
import type { UsableRelay } from "../model/relay.ts";
import { openSession } from "./smtp/client.ts";
import { SMTP_DEADLINES } from "./smtp/deadlines.ts";
import type { SmtpSession } from "./smtp/session.ts";
import type { Ending, Transaction } from "./smtp/transaction.ts";

/** What a transaction may be followed by in the same group of commands (RFC 2920 §3.1). */
export type Lookahead = {
  /** Asked once, when the content is about to leave. */
  readonly next: () => Transaction | "quit" | undefined;
  /** The reply is late: what `next` gave will not be sent on this connection. */
  readonly onSlow: () => void;
};

/** A connection that carries one transaction after the other. */
export class Carrier {
  readonly #app: App;
  #session: SmtpSession | null = null;
  #relayId: string | null = null;

  constructor(app: App) {
    this.#app = app;
  }

  /** Delivers one transaction over a relay. Never throws for what a peer or a network can do. */
  async carry(relay: UsableRelay, tx: Transaction, lookahead: Lookahead): Promise<Ending> {
    if (this.#relayId !== relay.id || !this.#session?.usable) {
      this.quit();
      const refusal = await checkRelayHost(this.#app, relay.login);
      if (!refusal.ok) {
        return { kind: "unusable", step: "connect", reply: null, reason: refusal.error };
      }
      const opened = await openSession(
        this.#app.dial,
        relay.login,
        SMTP_DEADLINES,
        this.#app.config.ehloName,
      );
      if (!opened.ok) return opened.error;
      this.#session = opened.value;
      this.#relayId = relay.id;
    }
    return this.#session.send(tx, lookahead.next, lookahead.onSlow);
  }

  /** Says goodbye, if there is anybody to say it to; does not wait for the answer. */
  quit(): void {
    const session = this.#session;
    this.#session = null;
    this.#relayId = null;
    if (session?.usable) this.#app.background("smtp_quit_failed", session.quit());
  }
}
