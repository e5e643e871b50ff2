// People for tests: users with a role and modules, signed in without the time that a password takes.
import { env } from "cloudflare:workers";
import { sha256Hex } from "../../src/lib/digest.ts";
import { uuidv7 } from "../../src/lib/id.ts";
import { type Grant, MODULES, type Role } from "../../src/model/permission.ts";
import { ABSOLUTE_MS, makeSessionToken } from "../../src/model/session.ts";

/** Every module, for both classes. */
export const ALL_MODULES: readonly Grant[] = MODULES.flatMap((module) => [
  { module, mailClass: "transactional" } as const,
  { module, mailClass: "marketing" } as const,
]);

/** Somebody who is signed in. */
export type Person = {
  readonly id: string;
  readonly email: string;
  readonly sessionId: string;
  /** Header fields of their browser, on a page of this Worker. */
  readonly headers: Readonly<Record<string, string>>;
};

/** What somebody is, and since when they are signed in. */
export type Given = {
  readonly role: Role;
  readonly grants?: readonly Grant[];
  readonly now?: number;
  /** The stored form of their password. */
  readonly password?: string | null;
};

/** Makes a user. */
export async function givenUser(given: Given): Promise<{ id: string; email: string }> {
  const { role, grants = ALL_MODULES, now = Date.now(), password = null } = given;
  const id = uuidv7(now);
  const email = `${id}@people.test`;
  await env.DB.prepare(
    `insert into users (id, email, name, role, password, created_at, disabled_at)
     values (?1, ?2, 'Somebody', ?3, ?4, ?5, null)`,
  )
    .bind(id, email, role, password, now)
    .run();
  for (const { module, mailClass } of grants) {
    await env.DB.prepare("insert into module_grants values (?1, ?2, ?3, ?4, 'test')")
      .bind(id, module, mailClass, now)
      .run();
  }
  return { id, email };
}

/** Makes a user and signs them in. */
export async function givenPerson(given: Given): Promise<Person> {
  const user = await givenUser(given);
  return { ...user, ...(await givenSession(user.id, given.now)) };
}

/** Signs a user in once more. */
export async function givenSession(
  userId: string,
  now = Date.now(),
): Promise<Pick<Person, "sessionId" | "headers">> {
  const [sessionId, token] = [uuidv7(now), makeSessionToken()];
  await env.DB.prepare("insert into sessions values (?1, ?2, ?3, ?4, ?4, ?5, '', '')")
    .bind(await sha256Hex(token), sessionId, userId, now, now + ABSOLUTE_MS)
    .run();
  const headers = {
    Cookie: `theme=dark; __Host-edgepost=${token}`,
    Origin: "https://api.edgepost.test",
  };
  return { sessionId, headers };
}
