// /v1/recipients/:email: what is kept of an address, and erasing all of it (I12). What is shown is gathered
// in recipient-dossier.ts; the erasure itself is queue/erase.ts, in the background.
import * as z from "zod";
import type { App } from "../../app.ts";
import { seal } from "../../lib/seal.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { type Erasure, erasureHasher, erasurePurpose } from "../../model/erasure.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { emailEntry } from "../../model/suppression.ts";
import { beginErasure, findErasure, putLedgerEntry } from "../../store/erasure.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, limitParameter, maybeTime, one, page, pageOf } from "./native.ts";
import { dossierCursor, dossierPage } from "./recipient-dossier.ts";

const byEmail = z.object({ email: z.string().meta({ examples: ["you@example.com"] }) });

const erasureView = z.object({
  email: z.string(),
  state: z.enum(["running", "done"]),
  requested_at: isoTime,
  cleared_at: maybeTime,
  finished_at: maybeTime,
});

/** What is kept has many forms; `kind` tells which. */
const itemView = z.looseObject({ kind: z.string() });

const get = endpoint({
  method: "GET",
  path: "/recipients/:email",
  summary: "Show everything that is kept of an address, page by page",
  scope: "read",
  request: {
    params: byEmail,
    query: z.object({ limit: limitParameter, cursor: dossierCursor.optional() }),
  },
  response: { 200: pageOf(itemView) },
  async handle(app, { params, query }) {
    const address = addressOf(params.email);
    if (!address.ok) return address;
    const { limit, cursor = null } = query;
    const { items, next } = await dossierPage(app, { address: address.value, limit, cursor });
    return ok(page(items, next));
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/recipients/:email",
  summary: "Erase an address from everything that is kept; mail that waits for it is cancelled",
  scope: "manage",
  request: { params: byEmail },
  response: { 202: dataOf(erasureView) },
  async handle(app, { params, key }) {
    const address = addressOf(params.email);
    if (!address.ok) return address;
    const hash = await hashOf(app, address.value);
    const sealed = await seal(app.config.encryptionKey, erasurePurpose(hash), address.value);
    const ask = { hash, address: address.value, sealed, keyId: key.id, now: app.now() };
    const erasure = await beginErasure(app.db, ask);
    // Committed, and out of a restore's reach, before the answer.
    await putLedgerEntry(app.blobs, erasure);
    app.background("wake_erasures_failed", app.wake.background("erasures"));
    return ok(one(view(address.value, erasure), 202));
  },
});

const state = endpoint({
  method: "GET",
  path: "/recipients/:email/erasure",
  summary: "Tell how far the erasure of an address is",
  scope: "read",
  request: { params: byEmail },
  response: { 200: dataOf(erasureView) },
  async handle(app, { params }) {
    const address = addressOf(params.email);
    if (!address.ok) return address;
    const erasure = await findErasure(app.db, await hashOf(app, address.value));
    if (!erasure) return fail({ kind: "not_found", what: "an erasure of this address" });
    return ok(one(view(address.value, erasure)));
  },
});

/** The operations of /v1/recipients. */
export const recipientEndpoints = [get, remove, state];

function addressOf(text: string): Result<string, Problem> {
  const address = emailEntry(text);
  return address.ok ? address : fail(invalidField("email", address.error));
}

async function hashOf(app: App, address: string): Promise<string> {
  const hasher = await erasureHasher(app.config.encryptionKey);
  return hasher(address);
}

function view(email: string, { state, requestedAt, clearedAt, finishedAt }: Erasure) {
  return {
    email,
    state: state === "done" ? "done" : "running",
    requested_at: iso(requestedAt),
    cleared_at: iso(clearedAt),
    finished_at: iso(finishedAt),
  };
}
