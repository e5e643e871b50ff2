// /v1/sessions and /v1/me: signing in and out, and what somebody who is signed in may do (decision 20).
import * as z from "zod";
import { clientIp } from "../../lib/client-ip.ts";
import { hashPassword } from "../../lib/password.ts";
import { fail, ok } from "../../lib/result.ts";
import { SCOPES } from "../../model/key.ts";
import { MAIL_CLASSES } from "../../model/message.ts";
import { allowedOf, MODULES, ROLES, scopesOf } from "../../model/permission.ts";
import { invalidField } from "../../model/problem.ts";
import { ABSOLUTE_MS, cookieOf, noCookie, type Session } from "../../model/session.ts";
import { parseUserEmail, passwordFault } from "../../model/user.ts";
import { endOwnSession, endSession, listSessions } from "../../store/session.ts";
import { setPassword } from "../../store/user.ts";
import { endpoint } from "../endpoint.ts";
import { logIn, provePassword } from "../log-in.ts";
import { signedIn } from "../session.ts";
import { string } from "./fields.ts";
import { dataOf, iso, isoTime, one, page, pageOf } from "./native.ts";
import { MAX_BODY_BYTES, MAX_CODE_LENGTH, password } from "./people-fields.ts";

/** Enough to tell browsers apart. */
const MAX_AGENT_LENGTH = 200;

const credentials = z.object({
  email: string("the address you sign in with"),
  password: password("your password"),
  code: z
    .string("must be a string")
    .trim()
    .max(MAX_CODE_LENGTH, `must have at most ${MAX_CODE_LENGTH} characters`)
    .default("")
    .describe("What the authenticator app shows, or a recovery code; for who has a second factor"),
});

const meView = z.object({
  user: z.object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
  }),
  session: z.object({ id: z.string(), created_at: isoTime, expires_at: isoTime }),
  /** By the first word of a path: who may write may read. */
  permissions: z.record(z.string(), z.enum(["read", "write"])),
  /** What the keys that they make may do at most. */
  scopes: z.array(z.enum(SCOPES)),
  modules: z.array(z.object({ module: z.enum(MODULES), mail_class: z.enum(MAIL_CLASSES) })),
});

const COOKIE =
  "The session, `HttpOnly` and `SameSite=Strict`; over https with `__Host-` and `Secure`.";

const create = endpoint({
  method: "POST",
  path: "/sessions",
  summary: "Sign in with address and password; the answer sets the session's cookie",
  description:
    "Wrong passwords are slowed down for the account and for the network address: 429 says when to try again. Of who has a second factor, 401 `second_factor_required` asks for `code` once the password is right.",
  scope: "manage",
  access: "open",
  request: { body: credentials },
  bodyLimit: MAX_BODY_BYTES,
  response: { 201: { schema: dataOf(meView), headers: { "Set-Cookie": COOKIE } } },
  problems: ["invalid_credentials", "second_factor_required", "too_many_attempts"],
  async handle(app, { body, origin, headers }) {
    const email = parseUserEmail(body.email);
    if (!email.ok) return fail(invalidField("email", email.error));
    const ip = clientIp(headers);
    const agent = (headers.get("User-Agent") ?? "").slice(0, MAX_AGENT_LENGTH);
    const { password, code } = body;
    const opened = await logIn(app, { email: email.value, password, code, ip, agent });
    if (!opened.ok) return opened;
    const { session, token } = opened.value;
    const cookie = cookieOf(origin, { token, maxAgeMs: ABSOLUTE_MS });
    return ok({ ...one(shown(session), 201), headers: { "Set-Cookie": cookie } });
  },
});

const sessionView = z.object({
  id: z.string(),
  created_at: isoTime,
  seen_at: isoTime,
  expires_at: isoTime,
  ip: z.string(),
  agent: z.string(),
  current: z.boolean(),
});

const list = endpoint({
  method: "GET",
  path: "/sessions",
  summary: "List your own sessions, newest first",
  scope: "read",
  access: "people",
  request: {},
  response: { 200: pageOf(sessionView) },
  async handle(app, { session }) {
    const mine = signedIn(session);
    const found = await listSessions(app.db, mine.user.id, app.now());
    const shown = found.map(({ id, createdAt, seenAt, expiresAt, ip, agent }) => {
      const times = { seen_at: iso(seenAt), expires_at: iso(expiresAt) };
      return { id, created_at: iso(createdAt), ...times, ip, agent, current: id === mine.id };
    });
    return ok(page(shown, null));
  },
});

const end = endpoint({
  method: "DELETE",
  path: "/sessions/:id",
  summary: "End one of your own sessions",
  scope: "manage",
  access: "people",
  request: { params: z.object({ id: z.string() }) },
  response: { 200: dataOf(z.object({ id: z.string() })) },
  async handle(app, { params: { id }, session }) {
    const ended = await endOwnSession(app.db, { id, userId: signedIn(session).user.id });
    return ended ? ok(one({ id })) : fail({ kind: "not_found", what: "this session" });
  },
});

const endCurrent = endpoint({
  method: "DELETE",
  path: "/sessions/current",
  summary: "Sign out: ends this session",
  scope: "manage",
  access: "people",
  request: {},
  response: {
    200: {
      schema: dataOf(z.object({ id: z.string() })),
      headers: { "Set-Cookie": "None any more." },
    },
  },
  async handle(app, { session, origin }) {
    const { id } = signedIn(session);
    await endSession(app.db, id);
    return ok({ ...one({ id }), headers: { "Set-Cookie": noCookie(origin) } });
  },
});

const me = endpoint({
  method: "GET",
  path: "/me",
  summary: "Who is signed in, with which role, and what they may do",
  scope: "read",
  access: "people",
  request: {},
  response: { 200: dataOf(meView) },
  handle(_app, { session }) {
    return Promise.resolve(ok(one(shown(signedIn(session)))));
  },
});

const changePassword = endpoint({
  method: "PUT",
  path: "/me/password",
  summary: "Change your password; your other sessions end",
  holdsPasswords: true,
  scope: "manage",
  access: "people",
  request: {
    body: z.object({
      current: password("your password as it is"),
      password: password("the new one"),
    }),
  },
  bodyLimit: MAX_BODY_BYTES,
  response: { 200: dataOf(z.object({ id: z.string() })) },
  problems: ["too_many_attempts", "conflict"],
  async handle(app, { body, session, headers }) {
    const { id: keep, user } = signedIn(session);
    const fault = passwordFault(body.password, user.email);
    if (fault !== null) return fail(invalidField("password", fault));
    const proof = { password: body.current, ip: clientIp(headers), field: "current" };
    const from = await provePassword(app, user.email, proof);
    if (!from.ok) return from;
    const change = { from: from.value, to: hashPassword(body.password), keep };
    const changed = await setPassword(app.db, user.id, change);
    if (changed) return ok(one({ id: user.id }));
    return fail({ kind: "conflict", reason: "the password was changed meanwhile; sign in again" });
  },
});

/** The operations of /v1/sessions and /v1/me; `current` before any other id. */
export const sessionEndpoints = [create, list, endCurrent, end, me, changePassword];

function shown(session: Session) {
  const { user } = session;
  return {
    user: { id: user.id, email: user.email, name: user.name, role: user.role },
    session: {
      id: session.id,
      created_at: iso(session.createdAt),
      expires_at: iso(session.expiresAt),
    },
    permissions: allowedOf(user),
    scopes: scopesOf(user.role),
    modules: user.grants.map(({ module, mailClass }) => ({ module, mail_class: mailClass })),
  };
}
