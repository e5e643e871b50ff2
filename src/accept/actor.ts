// Who asks, and may they do this: an API key with its scopes, or somebody signed in with their role and modules.
import type { App } from "../app.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { type Key, standInKey } from "../model/key.ts";
import { boundRefusal, deedOf, refusalOf } from "../model/permission.ts";
import type { Problem } from "../model/problem.ts";
import { isForeign, keyOfUser, type Session } from "../model/session.ts";
import type { Credentials, Dialect, Endpoint } from "./endpoint.ts";
import { sessionOf } from "./session.ts";

/** Who asks: a key, which for somebody signed in is their own. */
export type Actor = { readonly key: Key; readonly session: Session | null };

/** The request as far as it says who asks, and from which page. */
export type Shown = Credentials & { readonly origin: string };

/** Who asks for an operation, if they may. */
export async function actorOf(
  app: App,
  dialect: Dialect,
  endpoint: Endpoint,
  shown: Shown,
): Promise<Result<Actor, Problem>> {
  const { origin, headers } = shown;
  const isFromElsewhere = isForeign(origin, endpoint.method, headers);
  if (endpoint.access === "open") {
    return isFromElsewhere ? fail(FOREIGN) : ok({ key: NOBODY, session: null });
  }
  const session = await personOf(app, dialect, shown);
  if (!session.ok) return session;
  if (session.value) {
    if (isFromElsewhere) return fail(FOREIGN);
    const refusal = refusalOf(session.value.user, deedOf(endpoint));
    if (refusal !== null) return fail({ kind: "not_permitted", reason: refusal });
    return ok({ key: keyOfUser(session.value.user), session: session.value });
  }
  const key = await dialect.authenticate(app, shown);
  if (!key.ok) return key;
  if (endpoint.access === "people") return fail(PEOPLE_ONLY);
  const { scope } = endpoint;
  if (!key.value.scopes.includes(scope)) return fail({ kind: "insufficient_scope", scope });
  const isOurs = dialect.people === true;
  const refusal = isOurs ? boundRefusal(key.value.mailClass, deedOf(endpoint)) : null;
  if (refusal !== null) return fail({ kind: "not_permitted", reason: refusal });
  return ok({ key: key.value, session: null });
}

/** The session of a request that shows no key, where people may sign in. */
async function personOf(
  app: App,
  dialect: Dialect,
  { origin, headers }: Shown,
): Promise<Result<Session | null, Problem>> {
  if (dialect.people !== true || headers.has("Authorization")) return ok(null);
  return sessionOf(app, origin, headers);
}

const FOREIGN: Problem = {
  kind: "not_permitted",
  reason: "a page of another origin asked for this; use this Worker's own pages, or an API key",
};

const PEOPLE_ONLY: Problem = {
  kind: "not_permitted",
  reason: "this is for people who are signed in; an API key has no password and no sessions",
};

/** Who asks where nobody has to show anything. */
const NOBODY = standInKey({ id: "", name: "", scopes: [] });
