// SQL of users and of the modules that are open for them.
import type { Grant, Role } from "../model/permission.ts";
import type { User } from "../model/user.ts";
import { batch, rows, rowsOf, statement, stored } from "./db.ts";
import { HAS_FACTOR } from "./second-factor.ts";

/** A user as it is selected with USER_COLUMNS. */
export type UserRow = {
  user_id: string;
  email: string;
  name: string;
  role: Role;
  user_created_at: number;
  disabled_at: number | null;
  grants: string;
  second_factor: number;
};

/** The columns of a user `u`, with their grants as JSON. */
export const USER_COLUMNS = `u.id as user_id, u.email, u.name, u.role, u.created_at as user_created_at,
  u.disabled_at, (select json_group_array(json_object('module', g.module, 'mailClass', g.mail_class))
    from module_grants g where g.user_id = u.id) as grants, ${HAS_FACTOR} as second_factor`;

/** A user and the hash of their password; null: they have not chosen one yet. */
export type Login = { readonly user: User; readonly password: string | null };

/** The user whose address this is; null when there is none. */
export async function findLogin(db: D1Database, email: string): Promise<Login | null> {
  const sql = `select ${USER_COLUMNS}, u.password from users u where u.email = ?1`;
  const [found] = await rows<UserRow & { password: string | null }>(statement(db, sql, email));
  return found ? { user: decodeUser(found), password: found.password } : null;
}

/** A user by id, with the hash of their password; null when there is none. */
export async function findUser(db: D1Database, id: string): Promise<Login | null> {
  const sql = `select ${USER_COLUMNS}, u.password from users u where u.id = ?1`;
  const [found] = await rows<UserRow & { password: string | null }>(statement(db, sql, id));
  return found ? { user: decodeUser(found), password: found.password } : null;
}

/** Users after an id (null: from the first), oldest first. */
export async function listUsers(
  db: D1Database,
  page: { readonly after: string | null; readonly limit: number },
): Promise<readonly Login[]> {
  const sql = `select ${USER_COLUMNS}, u.password from users u where ?1 is null or u.id > ?1
    order by u.id limit ?2`;
  const found = await rows<UserRow & { password: string | null }>(
    statement(db, sql, page.after, page.limit),
  );
  return found.map((row) => ({ user: decodeUser(row), password: row.password }));
}

/** Stores a new user without a password; false when the address is somebody's already. */
export async function insertUser(db: D1Database, user: User): Promise<boolean> {
  const made = await rows(
    statement(
      db,
      `insert into users (id, email, name, role, password, created_at, disabled_at)
       values (?1, ?2, ?3, ?4, null, ?5, null) on conflict (email) do nothing returning id`,
      user.id,
      user.email,
      user.name,
      user.role,
      user.createdAt,
    ),
  );
  return made.length > 0;
}

/** What may be changed of a user. */
export type UserChange = Pick<User, "name" | "role" | "disabledAt">;

/** That user ?1 is not the only Super Admin who can sign in. */
const NOT_THE_LAST = `exists (select 1 from users s
  where s.role = 'super_admin' and s.disabled_at is null and s.id <> ?1)`;

/**
 * Changes a user. Another role, and being disabled, ends their sessions. False when they are gone, or when no Super
 * Admin would be left.
 */
export async function updateUser(
  db: D1Database,
  id: string,
  { name, role, disabledAt }: UserChange,
): Promise<boolean> {
  const staysOne = role === "super_admin" && disabledAt === null ? 1 : 0;
  const [, changed] = await batch(db, [
    statement(
      db,
      `delete from sessions where user_id = ?1 and exists (select 1 from users u where u.id = ?1
         and (u.role <> ?2 or ?3 is not null) and (?4 or u.role <> 'super_admin' or ${NOT_THE_LAST}))`,
      id,
      role,
      disabledAt,
      staysOne,
    ),
    statement(
      db,
      `update users set name = ?2, role = ?3, disabled_at = ?4
       where id = ?1 and (?5 or role <> 'super_admin' or ${NOT_THE_LAST}) returning id`,
      id,
      name,
      role,
      disabledAt,
      staysOne,
    ),
  ]);
  return rowsOf(changed).length > 0;
}

/** Deletes a user with their sessions and modules. False when they are gone, or the last Super Admin. */
export async function deleteUser(db: D1Database, id: string): Promise<boolean> {
  const gone = "?1 and not exists (select 1 from users u where u.id = ?1)";
  const [deleted] = await batch(db, [
    statement(
      db,
      `delete from users where id = ?1 and (role <> 'super_admin' or ${NOT_THE_LAST}) returning id`,
      id,
    ),
    statement(db, `delete from sessions where user_id = ${gone}`, id),
    statement(db, `delete from module_grants where user_id = ${gone}`, id),
    statement(db, `delete from second_factors where user_id = ${gone}`, id),
    statement(db, `delete from recovery_codes where user_id = ${gone}`, id),
  ]);
  return rowsOf(deleted).length > 0;
}

/** Sets the modules of a user; one that is taken away ends their sessions, so that nothing open goes on showing it. */
export async function setGrants(
  db: D1Database,
  userId: string,
  given: { readonly grants: readonly Grant[]; readonly by: string; readonly now: number },
): Promise<void> {
  const grants = JSON.stringify(given.grants);
  const taken = `from module_grants where user_id = ?1 and not exists (select 1 from json_each(?2)
    where value ->> 'module' = module and value ->> 'mailClass' = mail_class)`;
  await batch(db, [
    statement(
      db,
      `delete from sessions where user_id = ?1 and exists (select 1 ${taken})`,
      userId,
      grants,
    ),
    statement(db, `delete ${taken}`, userId, grants),
    statement(
      db,
      `insert into module_grants (user_id, module, mail_class, granted_at, granted_by)
       select ?1, value ->> 'module', value ->> 'mailClass', ?3, ?4 from json_each(?2)
       where exists (select 1 from users where id = ?1) on conflict do nothing`,
      userId,
      grants,
      given.now,
      given.by,
    ),
  ]);
}

/**
 * Changes a password that still is `from`, and ends all sessions but `keep` (null: all). False when it was changed
 * meanwhile, or the user cannot sign in.
 */
export async function setPassword(
  db: D1Database,
  userId: string,
  change: { readonly from: string | null; readonly to: string; readonly keep: string | null },
): Promise<boolean> {
  const [changed] = await batch(db, [
    statement(
      db,
      `update users set password = ?3
       where id = ?1 and password is ?2 and disabled_at is null returning id`,
      userId,
      change.from,
      change.to,
    ),
    statement(
      db,
      `delete from sessions where user_id = ?1 and id is not ?3
       and exists (select 1 from users where id = ?1 and password = ?2)`,
      userId,
      change.to,
      change.keep,
    ),
  ]);
  return rowsOf(changed).length > 0;
}

/** The user that a row tells of. */
export function decodeUser(row: UserRow): User {
  return {
    id: row.user_id,
    email: row.email,
    name: row.name,
    role: row.role,
    grants: stored<readonly Grant[]>(row.grants),
    secondFactor: row.second_factor === 1,
    createdAt: row.user_created_at,
    disabledAt: row.disabled_at,
  };
}
