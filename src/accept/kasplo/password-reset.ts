// POST /v1/sessions/reset: a link for who forgot their password. The answer, and when it comes, are the same
// whether anybody has the address or not: whether anybody has it is looked up after the answer.
import * as z from "zod";
import type { App } from "../../app.ts";
import { clientIp } from "../../lib/client-ip.ts";
import { fail, ok } from "../../lib/result.ts";
import { RESET_MS } from "../../model/invitation.ts";
import { invalidField } from "../../model/problem.ts";
import { parseUserEmail } from "../../model/user.ts";
import { findLogin } from "../../store/user.ts";
import { endpoint } from "../endpoint.ts";
import { countReset } from "../log-in.ts";
import { string } from "./fields.ts";
import { linkOf } from "./invitations.ts";
import { dataOf, one } from "./native.ts";
import { MAX_BODY_BYTES } from "./people-fields.ts";
import { mailLink, mailOrigin } from "./people-mail.ts";

const reset = endpoint({
  method: "POST",
  path: "/sessions/reset",
  summary: "Ask for a link to choose another password, by mail",
  description:
    "The answer is the same whether anybody has the address or not. Nothing is sent to a Super Admin, to who is disabled, or while no verified domain has a default sender: then another invitation can be handed over.",
  scope: "manage",
  access: "open",
  request: { body: z.object({ email: string("the address you sign in with") }) },
  bodyLimit: MAX_BODY_BYTES,
  response: { 202: dataOf(z.object({ email: z.string() })) },
  problems: ["too_many_attempts"],
  async handle(app, { body, headers, origin }) {
    const email = parseUserEmail(body.email);
    if (!email.ok) return fail(invalidField("email", email.error));
    const waits = await countReset(app, email.value, clientIp(headers));
    if (waits) return fail(waits);
    app.background("mail_reset_failed", mailReset(app, email.value, origin));
    return ok(one({ email: email.value }, 202));
  },
});

/** The operation for who forgot their password. */
export const passwordResetEndpoints = [reset];

async function mailReset(app: App, email: string, origin: string): Promise<void> {
  const base = mailOrigin(app, origin);
  const found = await findLogin(app.db, email);
  if (!found || found.user.disabledAt !== null) return;
  if (base === null) return app.log("warn", "reset_not_mailed", { reason: "no PUBLIC_URL" });
  const { user } = found;
  const link = await linkOf(app, found, { origin: base, lifeMs: RESET_MS });
  const mailed = await mailLink(app, { user, kind: "reset", ...link });
  if (!mailed.sent) {
    app.log("warn", "reset_not_mailed", { user: user.id, reason: mailed.reason });
  }
}
