// /v1/users/:id/invitation and /v1/invitations: the link by which a user chooses a password.
import * as z from "zod";
import type { App } from "../../app.ts";
import { clientIp } from "../../lib/client-ip.ts";
import { hashPassword } from "../../lib/password.ts";
import { fail, ok } from "../../lib/result.ts";
import {
  claimOf,
  type Holder,
  INVITATION_MS,
  invitationsOf,
  invitationUrl,
} from "../../model/invitation.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { passwordFault } from "../../model/user.ts";
import { appendAudit } from "../../store/audit.ts";
import { findUser, type Login, setPassword } from "../../store/user.ts";
import { endpoint } from "../endpoint.ts";
import { within } from "../reach.ts";
import { string } from "./fields.ts";
import { dataOf, iso, isoTime, one } from "./native.ts";
import { MAX_BODY_BYTES, password } from "./people-fields.ts";
import { type Mailed, mailLink, mailOrigin, NO_ORIGIN } from "./people-mail.ts";

/** A new invitation. */
export const invitationView = z.object({
  invitation_url: z
    .string()
    .nullable()
    .describe("Null when it was mailed; else shown here only: hand it over yourself"),
  invitation_expires_at: isoTime,
  mail: z
    .object({ sent: z.boolean(), message_id: z.string().nullable(), reason: z.string().nullable() })
    .describe("Whether the link was mailed to the user, and why not"),
});

/** Whether the link is mailed, where that can be done. */
export const invitationQuery = z.object({
  mail: z.enum(["true", "false"], "must be true or false").default("true"),
});

const invite = endpoint({
  method: "POST",
  path: "/users/:id/invitation",
  summary: "Make another invitation: for who lost the first one, or the password",
  description: "The password that they have stays until they choose another.",
  scope: "manage",
  request: { params: z.object({ id: z.string() }), query: invitationQuery },
  response: { 201: dataOf(invitationView) },
  async handle(app, { params, query, session, origin }) {
    const found = await within(app, params.id, session);
    if (!found.ok) return found;
    return ok(one(await invitation(app, found.value, { origin, ...query }), 201));
  },
});

const accept = endpoint({
  method: "POST",
  path: "/invitations",
  summary: "Choose a password with the token of an invitation; all sessions of its user end",
  scope: "manage",
  access: "open",
  request: {
    body: z.object({
      token: string("what stands in the invitation's link"),
      password: password("the password that you choose"),
    }),
  },
  bodyLimit: MAX_BODY_BYTES,
  response: { 200: dataOf(z.object({ email: z.string() })) },
  problems: ["invalid_credentials"],
  async handle(app, { body: { token, password }, headers, requestId }) {
    const now = app.now();
    const claim = claimOf(token);
    const found = claim && claim.expiresAt > now ? await findUser(app.db, claim.userId) : null;
    const invitations = invitationsOf(app.config.encryptionKey);
    if (!found || !(await invitations.isGood(token, holderOf(found)))) return fail(NO_INVITATION);
    const { user } = found;
    const fault = passwordFault(password, user.email);
    if (fault !== null) return fail(invalidField("password", fault));
    // Nobody is signed in here, so the trace is left here.
    const ip = clientIp(headers);
    const trace = { at: now, kind: "asked", keyId: user.id, ip, requestId, detail: "" } as const;
    await appendAudit(app.db, {
      ...trace,
      operation: "POST /invitations",
      target: "",
      bodyHash: "",
    });
    const change = { from: found.password, to: hashPassword(password), keep: null };
    const changed = await setPassword(app.db, user.id, change);
    return changed ? ok(one({ email: user.email })) : fail(NO_INVITATION);
  },
});

/** The operations on invitations. */
export const invitationEndpoints = [invite, accept];

const NO_INVITATION: Problem = {
  kind: "invalid_credentials",
  reason: "this invitation was used, has expired or was never made; ask for another one",
};

function holderOf({ user: { role }, password }: Login): Holder {
  return { password, role };
}

/** A link by which a user chooses a password. */
export async function linkOf(
  app: App,
  login: Login,
  { origin, lifeMs }: { readonly origin: string; readonly lifeMs: number },
): Promise<{ readonly url: string; readonly expiresAt: number }> {
  const { user } = login;
  const expiresAt = app.now() + lifeMs;
  const invitations = invitationsOf(app.config.encryptionKey);
  const token = await invitations.token({ userId: user.id, expiresAt }, holderOf(login));
  return { url: invitationUrl(origin, token), expiresAt };
}

/** A new invitation for a user: mailed to them, or shown to who made it. */
export async function invitation(
  app: App,
  login: Login,
  { origin, mail }: z.output<typeof invitationQuery> & { readonly origin: string },
) {
  const mailed = mail === "true" ? await mailInvitation(app, login, origin) : NOT_ASKED;
  const { url, expiresAt } = await linkOf(app, login, { origin, lifeMs: INVITATION_MS });
  return {
    invitation_url: mailed.sent ? null : url,
    invitation_expires_at: iso(expiresAt),
    mail: mailed.sent
      ? { sent: true, message_id: mailed.messageId, reason: null }
      : { sent: false, message_id: null, reason: mailed.reason },
  };
}

const NOT_ASKED: Mailed = { sent: false, reason: "the link was asked for here" };

async function mailInvitation(app: App, login: Login, origin: string): Promise<Mailed> {
  const base = mailOrigin(app, origin);
  if (base === null) return NO_ORIGIN;
  const { user } = login;
  if (user.disabledAt !== null) return { sent: false, reason: "the user is disabled" };
  const link = await linkOf(app, login, { origin: base, lifeMs: INVITATION_MS });
  const kind = login.password === null ? "invitation" : "reset";
  return mailLink(app, { user, kind, ...link });
}
