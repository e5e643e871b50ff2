// Whom somebody may make, change or remove: nobody above themselves. An API key counts as an admin.
import type { App } from "../app.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { reaches, type Role } from "../model/permission.ts";
import type { Problem } from "../model/problem.ts";
import type { Session } from "../model/session.ts";
import { findUser, type Login } from "../store/user.ts";

export const NO_USER: Problem = { kind: "not_found", what: "this user" };

/** What an API key with the scope manage counts as. */
export const ROLE_OF_KEYS: Role = "admin";

/** The role of whoever asks. */
export function roleOf(session: Session | null): Role {
  return session?.user.role ?? ROLE_OF_KEYS;
}

/** Why whoever asks may not make or change somebody of a role, or null. */
export function outOfReach(session: Session | null, other: Role): Problem | null {
  if (reaches(roleOf(session), other)) return null;
  return { kind: "not_permitted", reason: `only a Super Admin may make or change a ${other}` };
}

/** A user whom whoever asks may change. */
export async function within(
  app: App,
  id: string,
  session: Session | null,
): Promise<Result<Login, Problem>> {
  const found = await findUser(app.db, id);
  if (!found) return fail(NO_USER);
  const refusal = outOfReach(session, found.user.role);
  return refusal ? fail(refusal) : ok(found);
}
