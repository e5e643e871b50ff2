// The first part of an erasure: everything that was sent to the address. What waits is cancelled; what is
// being handed to a relay right now is let finish, and goes when its lease ended.
import type { App } from "../app.ts";
import { md5Hex } from "../lib/digest.ts";
import { enter, LARGE_BYTES } from "../lib/large-gate.ts";
import { type Erasure, erasureBound } from "../model/erasure.ts";
import { contentWithout } from "../model/erasure-content.ts";
import { type Erasing, erasingOf } from "../model/erasure-text.ts";
import { type Mentions, mentionsOf } from "../model/mention.ts";
import type { Content } from "../model/message.ts";
import { MD5_PREFIX } from "../model/suppression.ts";
import { rewriteObject } from "../store/content-rewrite.ts";
import { moveErasures, putLedgerEntry } from "../store/erasure.ts";
import { rewriteContent } from "../store/erasure-content.ts";
import { cancelOpen, eraseSent, nextSent, type SentMail } from "../store/erasure-delivery.ts";
import { deleteContact } from "../store/contact-removal.ts";
import { discardExports } from "../store/export-file.ts";
import { discardImports } from "../store/import-file.ts";
import { turnSuppressions } from "../store/erasure-suppression.ts";
import { MESSAGES, readMessageTexts, rowWithout, writeShelf } from "../store/erasure-text.ts";
import type { GoOn } from "./erase.ts";
import { addressOf } from "./erase-sealed.ts";

/** What is told of exports: their files may hold the address. */
export const IMPORT_REASON = "an address was erased meanwhile; upload the file again without it";
export const EXPORT_REASON = "an address was erased meanwhile; order the export again";

/** Calls of D1 and R2: to begin, to look for more, of turning suppressions. */
const BEGIN_CALLS = 2;
const LOOK_CALLS = 1;
const TURN_CALLS = 2;

/** Erases what was sent to the address, as far as it comes; when all is gone, the rest is to be searched. */
export async function clear(app: App, erasure: Erasure, goOn: GoOn): Promise<void> {
  const recipient = await addressOf(app, erasure);
  if (!goOn(BEGIN_CALLS)) return;
  const erasing = erasingOf(recipient, "sent", erasureBound(erasure));
  const sent = { recipient, bound: erasing.bound };
  // Also when the request that asked for it died before.
  await putLedgerEntry(app.blobs, erasure);
  const { cancelled, sending } = await cancelOpen(app.db, sent, app.now());
  // Whoever subscribes again later has not asked for that to be erased.
  await deleteContact(app.db, { email: recipient, createdBefore: erasure.requestedAt + 1 });
  let deliveries = 0;
  let left = true;
  while (left && goOn(LOOK_CALLS)) {
    const mails = await nextSent(app.db, sent);
    left = mails.length > 0;
    if (!left || !goOn(callsFor(mails))) break;
    deliveries += await clearStep(app, recipient, mails, erasing);
  }
  if (cancelled + deliveries > 0) app.log("info", "erased", { cancelled, deliveries });
  let turning = true;
  while (turning && goOn(TURN_CALLS)) turning = await turn(app, erasing.mentions);
  if (left || turning || sending > 0) return;
  await discardExports(app, { now: app.now(), reason: EXPORT_REASON });
  await discardImports(app, { now: app.now(), reason: IMPORT_REASON });
  await moveErasures(app.db, [erasure], {
    state: "searching",
    place: "",
    clearedAt: app.now(),
  });
}

/** Calls of a step: its two transactions, the texts, and each content. */
function callsFor(mails: readonly SentMail[]): number {
  const kept = mails.filter(({ content }) => content.kind !== "gone").length;
  return 3 + 2 * kept;
}

/** Turns suppressions of the address into those of its MD5; whether there were any. */
async function turn(app: App, mentions: Mentions): Promise<boolean> {
  const md5Entry = MD5_PREFIX + md5Hex(mentions.key);
  return (await turnSuppressions(app.db, mentions, md5Entry)) > 0;
}

/** Whether an erasure that was cleared has got something to clear again: an accept that was under way. */
export async function hasMore(app: App, erasure: Erasure): Promise<boolean> {
  const recipient = await addressOf(app, erasure);
  const sent = { recipient, bound: erasureBound(erasure) };
  const { sending } = await cancelOpen(app.db, sent, app.now());
  const turned = await turn(app, mentionsOf(recipient, "sent"));
  return turned || sending > 0 || (await nextSent(app.db, sent)).length > 0;
}

/** Contents and texts first: while the delivery's row is there, whoever comes next finds them too. */
async function clearStep(
  app: App,
  recipient: string,
  mails: readonly SentMail[],
  erasing: Erasing,
): Promise<number> {
  // Those of a batch are kept together.
  for (const together of Map.groupBy(mails, ({ rowId }) => rowId).values()) {
    await clearContent(app, together, erasing.mentions);
  }
  await clearTexts(app, mails, erasing);
  return eraseSent(app.db, recipient, mails);
}

async function clearContent(
  app: App,
  mails: readonly SentMail[],
  mentions: Mentions,
): Promise<void> {
  const [mail] = mails;
  if (!mail || mail.content.kind === "gone") return;
  const { rowId, content, contentId, othersOfRow } = mail;
  const change = (whole: Content, piece: number | null): Content | null => {
    const own = mails.find((one) => pieceOf(one) === piece);
    if (!own) return whole;
    // Of a batch the piece of a message that went to nobody else goes alone.
    return own.others === 0 ? null : contentWithout(whole, mentions, own.position);
  };
  switch (content.kind) {
    case "inline": {
      // Without others it goes with the deliveries.
      if (othersOfRow === 0 || contentId === null) return;
      const { head, parts } = content;
      const kept = { id: contentId, messageId: rowId, head, parts };
      const written = await rewriteContent(app.db, kept, change);
      if (!written) throw new Error(CHANGED);
      return;
    }
    case "blob": {
      if (othersOfRow === 0) return app.blobs.delete(content.key);
      const leave = mail.size > LARGE_BYTES ? await enter() : null;
      try {
        await rewriteObject(app.blobs, content.key, change);
      } finally {
        leave?.();
      }
    }
  }
}

function pieceOf({ content }: SentMail): number | null {
  return content.kind === "gone" ? null : (content.piece ?? null);
}

async function clearTexts(app: App, mails: readonly SentMail[], erasing: Erasing): Promise<void> {
  const ids = mails.map(({ rowId }) => rowId);
  const rows = await readMessageTexts(app.db, MESSAGES, ids);
  const changes = rows.flatMap((row) => {
    const texts = rowWithout(MESSAGES, row, [erasing]);
    return texts === null ? [] : [{ row, texts }];
  });
  if ((await writeShelf(app.db, MESSAGES, changes)) < changes.length) throw new Error(CHANGED);
}

/** The next run does it again. */
const CHANGED = "somebody else changed what is being erased";
