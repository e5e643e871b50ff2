// Address and password → a session. Whether the account exists shows neither in the text nor in the time; tries
// are counted before the password is looked at.
import type { App } from "../app.ts";
import { sha256Hex } from "../lib/digest.ts";
import { isPassword } from "../lib/password.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { FREE_OF_ACCOUNT, FREE_OF_ADDRESS, RESETS, type Subject } from "../model/log-in.ts";
import { invalidField, type Problem } from "../model/problem.ts";
import { ABSOLUTE_MS, makeSessionToken, type Session } from "../model/session.ts";
import { countTry, forgiveTry, insertSession } from "../store/session.ts";
import { findLogin } from "../store/user.ts";
import { useCode } from "./second-factor.ts";

/** What somebody tries to sign in with, and from where. */
export type LogInAsk = {
  readonly email: string;
  readonly password: string;
  /** Of the authenticator app, or a recovery code; "" when none was given. */
  readonly code: string;
  readonly ip: string;
  /** What the browser calls itself. */
  readonly agent: string;
};

/** The one answer to everything that is wrong. */
const WRONG: Problem = {
  kind: "invalid_credentials",
  reason: "the address or the password is wrong, or the account is disabled",
};

const WRONG_CODE: Problem = {
  kind: "invalid_credentials",
  reason: "the code is wrong or was used; give the one that the app shows now, or a recovery code",
};

/** Opens a session; `token` is shown here only. */
export async function logIn(
  app: App,
  { email, password, code, ip, agent }: LogInAsk,
): Promise<Result<{ readonly session: Session; readonly token: string }, Problem>> {
  const now = app.now();
  const subjects = await subjectsOf(email, ip);
  const waitMs = await countTry(app.db, subjects, now);
  if (waitMs > 0) return fail(tooMany(waitMs));
  const found = await findLogin(app.db, email);
  if (!isPassword(password, found?.password ?? null)) return fail(WRONG);
  if (!found?.password || found.user.disabledAt !== null) return fail(WRONG);
  const { user, password: hashed } = found;
  if (user.secondFactor) {
    if (code === "") {
      // It was no guess.
      await forgiveTry(app.db, subjects);
      return fail({ kind: "second_factor_required" });
    }
    if (!(await useCode(app, user.id, code))) return fail(WRONG_CODE);
  }
  const token = makeSessionToken();
  const session = { id: app.newId(), user, createdAt: now, seenAt: now };
  const row = { hash: await sha256Hex(token), id: session.id, userId: user.id, password: hashed };
  const factor = user.secondFactor;
  const expiresAt = now + ABSOLUTE_MS;
  const made = await insertSession(app.db, { ...row, factor, now, expiresAt, ip, agent }, subjects);
  return made ? ok({ session: { ...session, expiresAt }, token }) : fail(WRONG);
}

/** Whether somebody who is signed in knows their password; wrong ones count as when signing in. */
export async function provePassword(
  app: App,
  email: string,
  { password, ip, field }: Pick<LogInAsk, "password" | "ip"> & { readonly field: string },
): Promise<Result<string, Problem>> {
  const subjects = await subjectsOf(email, ip);
  const waitMs = await countTry(app.db, subjects, app.now());
  if (waitMs > 0) return fail(tooMany(waitMs));
  const found = await findLogin(app.db, email);
  if (!found?.password || !isPassword(password, found.password)) {
    return fail(invalidField(field, "is not your password"));
  }
  await forgiveTry(app.db, subjects);
  return ok(found.password);
}

/** Counts a wish for another password; the problem when there were too many. */
export async function countReset(app: App, email: string, ip: string): Promise<Problem | null> {
  const subjects = [
    { hash: await sha256Hex(`reset ${email}`), ...RESETS },
    { hash: await sha256Hex(`reset address ${ip}`), ...RESETS, free: FREE_OF_ADDRESS },
  ];
  const waitMs = await countTry(app.db, subjects, app.now());
  return waitMs > 0 ? tooMany(waitMs) : null;
}

function tooMany(waitMs: number): Problem {
  return { kind: "too_many_attempts", retryAfterSeconds: Math.ceil(waitMs / 1_000) };
}

/** What a try is counted for. */
async function subjectsOf(email: string, ip: string): Promise<readonly Subject[]> {
  return [
    { hash: await sha256Hex(`account ${email}`), free: FREE_OF_ACCOUNT },
    { hash: await sha256Hex(`address ${ip}`), free: FREE_OF_ADDRESS },
  ];
}
