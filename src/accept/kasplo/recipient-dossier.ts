// Everything that is kept of an address, in pages: suppressions and their changes, what was sent to it, then
// every other text that names it.
import * as z from "zod";
import type { App } from "../../app.ts";
import { fromBase64Url, toBase64Url } from "../../lib/base64url.ts";
import { fromUtf8, utf8 } from "../../lib/bytes.ts";
import { isReport } from "../../model/delivery.ts";
import { clickTrackingId } from "../../model/message.ts";
import { byPrecedence, entriesThatStop } from "../../model/suppression.ts";
import { shownEvent } from "../../notify/payload/kasplo.ts";
import { readVariables } from "../../store/content-rewrite.ts";
import { type Dossier, listDossiers } from "../../store/erasure-dossier.ts";
import { SHELVES } from "../../store/erasure-text.ts";
import { findContact } from "../../store/contact.ts";
import { findSuppressions, suppressionChanges } from "../../store/suppression.ts";
import { shownCards } from "./contact-fields.ts";
import { shownAttempt, summary } from "./message-view.ts";
import { iso } from "./native.ts";
import { type Ask, contentItems, type Items, shelfItems } from "./recipient-mentions.ts";
import { shown, shownChange } from "./suppression-fields.ts";

/** Where everything is looked for, in this order. */
const STAGES = ["stopped", "contact", "sent", ...SHELVES.map(({ table }) => table), "contents"];

/** A place in the dossier: a stage, and what was passed last of it, "" at its start. */
type Place = { readonly stage: string; readonly after: string };

const placeSchema = z.object({
  stage: z.enum(STAGES),
  after: z.string(),
});

/** `cursor` of a dossier: a place, in base64url. */
export const dossierCursor = z.string().transform((text, context): Place => {
  const bytes = fromBase64Url(text);
  const place = placeSchema.safeParse(bytes && parsed(fromUtf8(bytes)));
  if (place.success && goesOn(place.data)) return place.data;
  context.addIssue("must be the next_cursor of an earlier answer");
  return z.NEVER;
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Whether the store can go on from a place that anybody may have written. */
function goesOn({ stage, after }: Place): boolean {
  if (after === "" || stage === "sent" || stage === "contact") return true;
  if (stage === "stopped" || stage === "contents") return /^\d{1,15}$/.test(after);
  return Array.isArray(parsed(after));
}

type Asked = { readonly address: string; readonly limit: number; readonly cursor: Place | null };
/** Pieces that a page passes at most while they hold nothing: each reads some thousand rows. */
const MAX_PIECES = 30;

/** One page; it may be empty and go on all the same. `next` is null when everything was told. */
export async function dossierPage(
  app: App,
  { address, limit, cursor }: Asked,
): Promise<{ readonly items: readonly unknown[]; readonly next: string | null }> {
  let place: Place | null = cursor ?? { stage: STAGES[0] ?? "", after: "" };
  let items: readonly unknown[] = [];
  for (let n = 0; n < MAX_PIECES && place !== null && items.length === 0; n++) {
    const found: Items = await stageItems(app, place, address, limit);
    items = found.items;
    place = following(place, found.after);
  }
  return { items, next: place && toBase64Url(utf8(JSON.stringify(place))) };
}

/** Further on in the same stage, or in the next one. */
function following({ stage }: Place, after: string | null): Place | null {
  if (after !== null) return { stage, after };
  const next = STAGES[STAGES.indexOf(stage) + 1];
  return next === undefined ? null : { stage: next, after: "" };
}

function stageItems(
  app: App,
  { stage, after }: Place,
  address: string,
  limit: number,
): Promise<Items> {
  const shelf = SHELVES.find(({ table }) => table === stage);
  if (shelf) return shelfItems(app, shelf, after, { address, limit });
  if (stage === "stopped") return suppressionItems(app, Number(after), { address, limit });
  if (stage === "contact") return contactItems(app, address);
  if (stage === "sent") return deliveryItems(app, after, { address, limit });
  return contentItems(app, Number(after), { address, limit });
}

/** Every entry that stops the address, and what became of entries that stood under it. */
async function suppressionItems(app: App, passed: number, { address, limit }: Ask): Promise<Items> {
  const entries = await findSuppressions(app.db, entriesThatStop(address));
  const changes = await suppressionChanges(app.db, address);
  const all = [
    ...entries.toSorted(byPrecedence).map((one) => ({ kind: "suppression", ...shown(one) })),
    ...changes.map((one) => ({ kind: "suppression_change", ...shownChange(one) })),
  ];
  const end = passed + limit;
  return { items: all.slice(passed, end), after: end < all.length ? String(end) : null };
}

/** The contact with its lists and tags, if there is one. */
async function contactItems(app: App, address: string): Promise<Items> {
  const card = await findContact(app.db, { email: address });
  const shown = await shownCards(app.db, card ? [card] : [], "kept");
  return { items: shown.map((one) => ({ kind: "contact", ...one })), after: null };
}

async function deliveryItems(app: App, after: string, { address, limit }: Ask): Promise<Items> {
  const page = { recipient: address, after, limit };
  const { dossiers, next } = await listDossiers(app.db, page);
  const items = [];
  for (const dossier of dossiers) items.push(await deliveryItem(app, dossier));
  return { items, after: next };
}

async function deliveryItem(app: App, dossier: Dossier) {
  const { message, position, activity, events } = dossier;
  const recipient = message.recipients[position];
  const kept = await readVariables(app.blobs, dossier.content);
  return {
    kind: "delivery",
    click_tracking_id: clickTrackingId(message.id, position),
    email: recipient?.address ?? "",
    name: recipient?.name ?? "",
    role: recipient?.role ?? "",
    md5: dossier.md5,
    state: dossier.state,
    next_attempt_at: iso(dossier.dueAt),
    attempts: dossier.history.map(shownAttempt),
    activity: activity.map((one) => ({
      at: iso(one.at),
      event: one.kind,
      ...(isReport(one) ? { code: one.code, reply: one.reply } : { machine: one.machine }),
    })),
    events: events.map(shownEvent),
    message: { ...summary(message), idempotency_key: dossier.idempotencyKey },
    variables: kept?.variables?.[position] ?? null,
    // The exact mail, with texts and attachments, while it is kept.
    raw: kept && `/v1/messages/${message.id}/raw?index=${position}`,
  };
}
