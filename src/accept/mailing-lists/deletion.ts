// Deleting a list in two steps: a code that opens this list once within two minutes, and the deletion itself
// (E-11, E-12, C-35, C-36).
import * as z from "zod";
import { hex } from "../../lib/bytes.ts";
import { fail, ok } from "../../lib/result.ts";
import type { Problem } from "../../model/problem.ts";
import { deleteList, removePlaces } from "../../store/contact-removal.ts";
import { twice } from "../../store/db.ts";
import { everList, insertDeleteCode, useDeleteCode } from "../../store/list-delete-code.ts";
import { endpoint } from "../endpoint.ts";
import { epochSeconds, isoSeconds, success } from "./envelope.ts";
import { existing } from "./lists.ts";
import { listParams } from "./schema.ts";
import { answerOf, deleteCodeView } from "./view.ts";

/** How long a code opens its list. */
const CODE_TTL_MS = 120_000;
const CODE_BYTES = 20;

const request = endpoint({
  method: "GET",
  path: "/mailing_lists/:mailing_list_id/delete_confirmation_code",
  summary:
    "Ask for the code that confirms that a list is to be deleted; it lasts two minutes (E-11)",
  scope: "manage",
  request: { params: listParams },
  response: { 200: answerOf(deleteCodeView) },
  async handle(app, { params }) {
    const list = await existing(app, params.mailing_list_id);
    if (!list.ok) return list;
    const now = app.now();
    const code = hex(crypto.getRandomValues(new Uint8Array(CODE_BYTES)));
    // The code tells its end in whole seconds.
    const expiresAt = epochSeconds(now + CODE_TTL_MS) * 1000;
    const kept = { listId: list.value.id, code, expiresAt };
    await twice(() => insertDeleteCode(app.db, kept, now));
    return ok(
      success({
        delete_confirmation_code: `${code}:${epochSeconds(expiresAt)}`,
        delete_confirmation_expires_at: isoSeconds(expiresAt),
      }),
    );
  },
});

const confirm = endpoint({
  method: "DELETE",
  path: "/mailing_lists/:mailing_list_id/confirmed/:delete_confirmation_code",
  summary: "Delete a list with everybody's place on it, and what is being made of it (E-12)",
  scope: "manage",
  request: { params: listParams.extend({ delete_confirmation_code: z.string() }) },
  response: { 200: answerOf(z.null()) },
  problems: ["conflict"],
  async handle(app, { params }) {
    const { mailing_list_id: id, delete_confirmation_code: given } = params;
    const [, code = "", end = ""] = /^([0-9a-f]{40}):(\d{1,12})$/.exec(given) ?? [];
    const asked = { listId: id, code, expiresAt: Number(end) * 1000 };
    const used = code !== "" && (await useDeleteCode(app.db, asked, app.now()));
    if (!used) return fail((await everList(app.db, id)) ? wrongCode : notFound);
    await twice(() => deleteList(app.db, id, app.now()));
    // Small lists are empty when this is answered; what is left of large ones goes in the background.
    await removePlaces(app.db);
    app.background("wake_contacts_failed", app.wake.background("contacts"));
    return ok(success(null));
  },
});

/** The operations that delete lists. */
export const deletionEndpoints = [request, confirm];

const notFound: Problem = { kind: "not_found", what: "this mailing list" };

const wrongCode: Problem = {
  kind: "conflict",
  reason:
    "delete_confirmation_code is not valid: ask for one of this list, and use it once within two minutes",
};
