// SQL of users and of the modules that are open for them.
import type { Grant, Role } from "../model/permission.ts";
import type { User } from "../model/user.ts";
import { rows, statement, stored } from "./db.ts";

/** A user as it is selected with USER_COLUMNS. */
export type UserRow = {
  user_id: string;
  email: string;
  name: string;
  role: Role;
  user_created_at: number;
  disabled_at: number | null;
  grants: string;
};

/** The columns of a user `u`, with their grants as JSON. */
export const USER_COLUMNS = `u.id as user_id, u.email, u.name, u.role, u.created_at as user_created_at,
  u.disabled_at, (select json_group_array(json_object('module', g.module, 'mailClass', g.mail_class))
    from module_grants g where g.user_id = u.id) as grants`;

/** The user whose address this is, and the hash of their password (null: they have none); null when there is none. */
export async function findLogin(
  db: D1Database,
  email: string,
): Promise<{ readonly user: User; readonly password: string | null } | null> {
  const sql = `select ${USER_COLUMNS}, u.password from users u where u.email = ?1`;
  const [found] = await rows<UserRow & { password: string | null }>(statement(db, sql, email));
  return found ? { user: decodeUser(found), password: found.password } : null;
}

/** The user that a row tells of. */
export function decodeUser(row: UserRow): User {
  return {
    id: row.user_id,
    email: row.email,
    name: row.name,
    role: row.role,
    grants: stored<readonly Grant[]>(row.grants),
    createdAt: row.user_created_at,
    disabledAt: row.disabled_at,
  };
}
