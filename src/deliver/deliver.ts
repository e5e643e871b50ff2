// One connection's worth of delivery: opens a session to a relay when one is needed, keeps it while it
// is usable, and says how each transaction ended. Knows no queue and no database.
import type { App } from "../app.ts";
import { checkRelayHost } from "../lib/public-address.ts";
import type { Result } from "../lib/result.ts";
import type { UsableRelay } from "../model/relay.ts";
import type { Slots } from "./slots.ts";
import { openSession, type Unusable } from "./smtp/client.ts";
import { SMTP_DEADLINES } from "./smtp/deadlines.ts";
import type { SmtpSession } from "./smtp/session.ts";
import type { Dial, Ending, Transaction } from "./smtp/transaction.ts";

/** What a transaction may be followed by in the same group of commands (RFC 2920 §3.1). */
export type Lookahead = {
  /** Asked once, when the content is about to leave; what it gives is the next to be carried. */
  readonly next: () => Transaction | "quit" | undefined;
  /** The reply is late: what `next` gave will not be sent on this connection. */
  readonly onSlow: () => void;
};

/** A socket that never connected takes the platform about 20 s to close; then its slot is free. */
const SLOT_WAIT_MS = 25_000;

/** Our end of a closed connection is still on its way: the relay counts it until it arrives. */
const CLOSING_MS = 50;

/** A connection that carries one transaction after the other. */
export class Carrier {
  readonly #app: App;
  readonly #slots: Slots;
  #session: SmtpSession | null = null;
  #relayId: string | null = null;

  constructor(app: App, slots: Slots) {
    this.#app = app;
    this.#slots = slots;
  }

  /** The relay to which a connection is open, or null. */
  get relayId(): string | null {
    return this.#session?.usable ? this.#relayId : null;
  }

  /** Delivers one transaction over a relay. Never throws for what a peer or a network can do. */
  async carry(relay: UsableRelay, tx: Transaction, lookahead: Lookahead): Promise<Ending> {
    if (this.#relayId !== relay.id || !this.#session?.usable) {
      this.quit();
      const opened = await this.#open(relay);
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

  async #open({ login }: UsableRelay): Promise<Result<SmtpSession, Unusable>> {
    const refusal = await checkRelayHost(this.#app, login);
    if (!refusal.ok) return cannotConnect(refusal.error);
    const release = await this.#slots.acquire(SLOT_WAIT_MS);
    if (!release) return cannotConnect("every connection was still closing");
    let dialled = false;
    const dial: Dial = (address) => {
      const stream = this.#app.dial(address);
      dialled = true;
      const gone = () => void setTimeout(release, CLOSING_MS);
      stream.closed.then(gone, gone);
      return stream;
    };
    try {
      return await openSession(dial, login, SMTP_DEADLINES, this.#app.config.ehloName);
    } finally {
      // The platform throws for addresses that it will not even try: nothing will ever close.
      if (!dialled) release();
    }
  }
}

function cannotConnect(reason: string): { readonly ok: false; readonly error: Unusable } {
  return { ok: false, error: { kind: "unusable", step: "connect", reply: null, reason } };
}
