// The cookie of a request → the session it belongs to. Nothing is remembered in between: a session that was ended
// anywhere is over at once.
import type { App } from "../app.ts";
import { sha256Hex } from "../lib/digest.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Problem } from "../model/problem.ts";
import { isSessionToken, SEEN_EVERY_MS, type Session, tokenIn } from "../model/session.ts";
import { findSession, noteSeen } from "../store/session.ts";
import { unauthorized } from "./authenticate.ts";

/** The session of an operation that is for people: nobody else gets there. */
export function signedIn(session: Session | null): Session {
  if (!session) throw new Error("an operation for people was asked without a session");
  return session;
}

/** The good session of a request's cookie; null when it has no cookie of ours. */
export async function sessionOf(
  app: App,
  origin: string,
  headers: Headers,
): Promise<Result<Session | null, Problem>> {
  const token = tokenIn(origin, headers.get("Cookie"));
  if (token === null || token === "") return ok(null);
  const now = app.now();
  const session = isSessionToken(token)
    ? await findSession(app.db, await sha256Hex(token), now)
    : null;
  if (!session) return fail(unauthorized("this session has ended; sign in again"));
  if (now - session.seenAt >= SEEN_EVERY_MS) {
    app.background("note_session_failed", noteSeen(app.db, session.id, now));
  }
  return ok(session);
}
