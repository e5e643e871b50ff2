// /v1/me/second-factor and /v1/users/:id/second-factor: codes of an authenticator app beside the password.
import * as z from "zod";
import type { App } from "../../app.ts";
import { clientIp } from "../../lib/client-ip.ts";
import { seal } from "../../lib/seal.ts";
import { fail, ok } from "../../lib/result.ts";
import { otpauthUri } from "../../lib/totp.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import {
  appCode,
  makeRecoveryCodes,
  makeSecret,
  recoveryHash,
  sealedFor,
} from "../../model/second-factor.ts";
import type { User } from "../../model/user.ts";
import { beginFactor, confirmFactor, endFactor, findFactor } from "../../store/second-factor.ts";
import { endpoint } from "../endpoint.ts";
import { provePassword } from "../log-in.ts";
import { within } from "../reach.ts";
import { stepOfCode } from "../second-factor.ts";
import { signedIn } from "../session.ts";
import { string } from "./fields.ts";
import { dataOf, one } from "./native.ts";
import { MAX_BODY_BYTES, MAX_CODE_LENGTH, password } from "./people-fields.ts";

const proof = z.object({ password: password("your password") });
type Proof = z.output<typeof proof>;

/** How authenticator apps call us. */
const ISSUER = "Edgepost";

const read = endpoint({
  method: "GET",
  path: "/me/second-factor",
  summary: "Whether signing in takes a code, too, and how many recovery codes are left",
  scope: "read",
  access: "people",
  request: {},
  response: { 200: dataOf(z.object({ on: z.boolean(), recovery_codes: z.int() })) },
  async handle(app, { session }) {
    const factor = await findFactor(app.db, signedIn(session).user.id);
    const on = factor !== null && factor.confirmedAt !== null;
    return ok(one({ on, recovery_codes: on ? factor.recoveryCodes : 0 }));
  },
});

const begin = endpoint({
  method: "POST",
  path: "/me/second-factor",
  summary: "Get a secret for an authenticator app; it counts once a code of it was shown",
  holdsPasswords: true,
  scope: "manage",
  access: "people",
  request: { body: proof },
  bodyLimit: MAX_BODY_BYTES,
  response: {
    201: dataOf(
      z.object({
        secret: z.string().describe("Base32; shown here only"),
        otpauth_url: z.string().describe("The same for apps, RFC 6238: SHA-1, 6 digits, 30 s"),
      }),
    ),
  },
  problems: ["too_many_attempts", "conflict"],
  async handle(app, { body, session, headers }) {
    const { user } = signedIn(session);
    const proved = await proveOwn(app, user, body, headers);
    if (!proved.ok) return proved;
    const secret = makeSecret();
    const sealed = await seal(app.config.encryptionKey, sealedFor(user.id), secret);
    if (!(await beginFactor(app.db, user.id, sealed))) return fail(IS_ON);
    const uri = otpauthUri({ issuer: ISSUER, account: user.email, secret });
    return ok(one({ secret, otpauth_url: uri }, 201));
  },
});

const confirm = endpoint({
  method: "PUT",
  path: "/me/second-factor",
  summary: "Show a code of the new secret: from now on signing in takes one; other sessions end",
  holdsPasswords: true,
  scope: "manage",
  access: "people",
  request: { body: z.object({ code: string("what the app shows").max(MAX_CODE_LENGTH) }) },
  bodyLimit: MAX_BODY_BYTES,
  response: {
    200: dataOf(
      z.object({
        recovery_codes: z
          .array(z.string())
          .describe("Each signs in once instead of the app; shown here only"),
      }),
    ),
  },
  problems: ["conflict"],
  async handle(app, { body, session }) {
    const { id: keep, user } = signedIn(session);
    const factor = await findFactor(app.db, user.id);
    if (!factor) return fail(NOT_BEGUN);
    if (factor.confirmedAt !== null) return fail(IS_ON);
    const digits = appCode(body.code);
    const step = digits && (await stepOfCode(app, { userId: user.id, factor, digits }));
    if (digits === null || typeof step !== "number") {
      return fail(invalidField("code", "is not what the app shows now; is its clock right?"));
    }
    const codes = makeRecoveryCodes();
    const hashes = await Promise.all(codes.map((code) => recoveryHash(user.id, code)));
    const made = { secret: factor.secret, step, hashes, keep, now: app.now() };
    if (!(await confirmFactor(app.db, user.id, made))) return fail(IS_ON);
    return ok(one({ recovery_codes: codes }));
  },
});

const end = endpoint({
  method: "POST",
  path: "/me/second-factor/off",
  summary: "Sign in without a code again; takes the password",
  holdsPasswords: true,
  scope: "manage",
  access: "people",
  request: { body: proof },
  bodyLimit: MAX_BODY_BYTES,
  response: { 200: dataOf(z.object({ id: z.string() })) },
  problems: ["too_many_attempts"],
  async handle(app, { body, session, headers }) {
    const { user } = signedIn(session);
    const proved = await proveOwn(app, user, body, headers);
    if (!proved.ok) return proved;
    await endFactor(app.db, user.id, { endsSessions: false });
    return ok(one({ id: user.id }));
  },
});

const reset = endpoint({
  method: "DELETE",
  path: "/users/:id/second-factor",
  summary: "Take a user's second factor away, for who lost it; their sessions end",
  scope: "manage",
  request: { params: z.object({ id: z.string() }) },
  response: { 200: dataOf(z.object({ id: z.string() })) },
  async handle(app, { params: { id }, session }) {
    if (id === session?.user.id) return fail(YOUR_OWN);
    const found = await within(app, id, session);
    if (!found.ok) return found;
    const { secondFactor } = found.value.user;
    if (!secondFactor || !(await endFactor(app.db, id, { endsSessions: true }))) {
      return fail({ kind: "not_found", what: "a second factor of this user" });
    }
    return ok(one({ id }));
  },
});

/** Whether the one who asks knows their password: a session that was left open does not. */
function proveOwn(app: App, { email }: User, { password }: Proof, headers: Headers) {
  return provePassword(app, email, { password, ip: clientIp(headers), field: "password" });
}

/** The operations on second factors. */
export const secondFactorEndpoints = [read, begin, confirm, end, reset];

const YOUR_OWN: Problem = {
  kind: "not_permitted",
  reason: "this is your own; turn it off with your password: POST /v1/me/second-factor/off",
};
const IS_ON: Problem = {
  kind: "conflict",
  reason: "signing in takes a code already; turn that off first to use another app",
};

const NOT_BEGUN: Problem = {
  kind: "conflict",
  reason: "there is no secret yet; ask for one with POST /v1/me/second-factor",
};
