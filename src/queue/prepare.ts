// A claimed delivery → the transaction that the relay will see. Content is fetched and, where every
// recipient gets the same bytes, composed once per message.
import type { App } from "../app.ts";
import { type Composed, needsOwnCopy } from "../compose/compose.ts";
import { composeOutgoing } from "../compose/outgoing.ts";
import { opened } from "../model/sealed.ts";
import type { Transaction } from "../deliver/smtp/transaction.ts";
import { enter, LARGE_BYTES, type Leave } from "../lib/large-gate.ts";
import type { Content, Message } from "../model/message.ts";
import type { StoredContent } from "../store/content.ts";
import { type Objects, type ReadContent, readContent } from "../store/content-read.ts";
import type { Slot } from "./gate.ts";
import type { ClaimedDelivery } from "../store/delivery-claim.ts";

/** A delivery of this run with its message. */
export type Work = {
  readonly delivery: ClaimedDelivery;
  readonly message: Message;
  readonly content: StoredContent;
  /** Where return paths of its sender's domain lead, or null. */
  readonly bounceDomain: string | null;
  /** Whose relays may carry it. */
  readonly poolId: string;
  /** The recipient's domains that are paced together. */
  readonly group: string;
};

/** The transactions made of a delivery; the relay that takes it decides which is sent. */
export type Transactions = {
  /** With the From address as the return path. */
  readonly plain: Transaction;
  /** With a return path of Edgepost's, if the sender's domain has any; else the same one. */
  readonly verp: Transaction;
};

/** A delivery and the transactions made of it. */
export type Ready = {
  readonly work: Work;
  readonly tx: Transactions;
  /** Room for its attempt. */
  readonly slot: Slot;
};

/** What became of preparing a delivery. */
export type Prepared =
  | { readonly kind: "ready"; readonly tx: Transactions }
  /** The retention of content has ended. */
  | { readonly kind: "gone" }
  /** Storage did not answer; it may, later. */
  | { readonly kind: "unreadable"; readonly reason: string };

/** Composes the transactions of one run. */
export type Preparer = {
  /** The transactions of a delivery, or why there is none. Throws when the message cannot be composed. */
  readonly transaction: (work: Work) => Promise<Prepared>;
  /** The transaction of a delivery is over; `next` is the message that comes after it, if it is known. */
  readonly done: (work: Work, next: string | null) => void;
  /** Forgets what the last claim brought. */
  readonly forget: () => void;
};

/** Whether a delivery's content is so large that nothing else large may be in the isolate. */
export function isLarge(work: Work): boolean {
  return work.message.size > LARGE_BYTES;
}

/** A preparer that remembers contents and shared bytes until told to forget them. */
export function preparer(app: App): Preparer {
  const contents = new Map<string, Promise<ReadContent>>();
  const objects: Objects = new Map();
  const shared = new Map<string, Promise<Composed>>();
  const turns = new Map<Work, Leave>();

  function contentOf(work: Work): Promise<ReadContent> {
    const known = contents.get(work.message.id);
    if (known) return known;
    const loading = readContent(app.blobs, work.content, objects);
    contents.set(work.message.id, loading);
    // A failure of storage is this delivery's, not that of every recipient of the message.
    return loading.then((read) => {
      if (read.kind === "unreadable") contents.delete(work.message.id);
      return read;
    });
  }

  function composed(work: Work, content: Content): Promise<Composed> {
    const { message, delivery } = work;
    const build = async () => {
      const readable = await opened(app.config.encryptionKey, content);
      return composeOutgoing(app, message, readable, delivery.position);
    };
    if (needsOwnCopy(message, content, app.links)) return build();
    const known = shared.get(message.id) ?? build();
    shared.set(message.id, known);
    return known;
  }

  async function returnPath({ bounceDomain, delivery }: Work): Promise<string | null> {
    return bounceDomain === null ? null : app.returnPaths.addressOf(delivery, bounceDomain);
  }

  return {
    async transaction(work) {
      // Work that was put back has its turn still.
      if (isLarge(work) && !turns.has(work)) turns.set(work, await enter());
      const read = await contentOf(work);
      if (read.kind !== "content") return read;
      const { content: bytes, eightBit, ...mail } = await composed(work, read.content);
      const { message, delivery } = work;
      const to = message.recipients[delivery.position]?.address ?? delivery.recipient;
      // The bytes are shared, the envelope is not: a blind copy's address is in nobody's header.
      const smtputf8 = mail.smtputf8 || !/^[\x20-\x7e]*$/.test(to);
      const plain = { from: message.from.address, to, content: bytes, eightBit, smtputf8 };
      const from = await returnPath(work);
      return { kind: "ready", tx: { plain, verp: from === null ? plain : { ...plain, from } } };
    },
    done(work, next) {
      if (!isLarge(work)) return;
      if (next !== work.message.id) {
        contents.delete(work.message.id);
        shared.delete(work.message.id);
      }
      turns.get(work)?.();
      turns.delete(work);
    },
    forget() {
      contents.clear();
      objects.clear();
      shared.clear();
    },
  };
}
