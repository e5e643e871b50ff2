// /v1/users: who may sign in, as what, with which modules.
import * as z from "zod";
import { fail, ok } from "../../lib/result.ts";
import { hashedAddress } from "../../model/audit.ts";
import { MAIL_CLASSES } from "../../model/message.ts";
import { MODULES, ROLES } from "../../model/permission.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { parseUserEmail, type User } from "../../model/user.ts";
import {
  deleteUser,
  findUser,
  insertUser,
  listUsers,
  type Login,
  setGrants,
  updateUser,
} from "../../store/user.ts";
import { endpoint } from "../endpoint.ts";
import { NO_USER, outOfReach, roleOf, within } from "../reach.ts";
import { string } from "./fields.ts";
import { invitation, invitationQuery, invitationView } from "./invitations.ts";
import { nameField } from "./named.ts";
import {
  dataOf,
  iso,
  isoTime,
  limitParameter,
  maybeTime,
  one,
  page,
  pageOf,
  uuidCursor,
} from "./native.ts";

const MAX_NAME_LENGTH = 100;
const role = z.enum(ROLES, `must be one of ${ROLES.join(", ")}`);
/** One for each module and class. */
const MAX_GRANTS = MODULES.length * MAIL_CLASSES.length;
const idParams = z.object({ id: z.string() });

const moduleView = z.object({
  module: z.enum(MODULES, `must be one of ${MODULES.join(", ")}`),
  mail_class: z.enum(MAIL_CLASSES, `must be one of ${MAIL_CLASSES.join(", ")}`),
});

const userView = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  /** `invited` until they chose a password. */
  state: z.enum(["invited", "active", "disabled"]),
  modules: z.array(moduleView),
  second_factor: z.boolean(),
  created_at: isoTime,
  disabled_at: maybeTime,
});

const list = endpoint({
  method: "GET",
  path: "/users",
  summary: "List users, oldest first",
  scope: "manage",
  request: { query: z.object({ limit: limitParameter, cursor: uuidCursor }) },
  response: { 200: pageOf(userView) },
  async handle(app, { query: { limit, cursor } }) {
    const found = await listUsers(app.db, { after: cursor ?? null, limit: limit + 1 });
    const some = found.slice(0, limit);
    const next = found.length > limit ? (some.at(-1)?.user.id ?? null) : null;
    return ok(page(some.map(shown), next));
  },
});

const create = endpoint({
  method: "POST",
  path: "/users",
  summary: "Make a user; their invitation is mailed to them, or shown in the answer",
  scope: "manage",
  request: {
    body: z.object({ email: string("their address"), name: nameField(MAX_NAME_LENGTH), role }),
    query: invitationQuery,
  },
  response: { 201: dataOf(userView.extend(invitationView.shape)) },
  problems: ["conflict"],
  async traced({ email, role }) {
    const parsed = parseUserEmail(email);
    return parsed.ok ? `role=${role} email=${await hashedAddress(parsed.value)}` : "";
  },
  async handle(app, { body, query, session, origin }) {
    const email = parseUserEmail(body.email);
    if (!email.ok) return fail(invalidField("email", email.error));
    const refusal = outOfReach(session, body.role);
    if (refusal) return fail(refusal);
    const now = app.now();
    const made = { id: app.newId(), email: email.value, name: body.name, role: body.role };
    const user: User = {
      ...made,
      grants: [],
      secondFactor: false,
      createdAt: now,
      disabledAt: null,
    };
    if (!(await insertUser(app.db, user))) {
      return fail({ kind: "conflict", reason: `${user.email} is a user already` });
    }
    const login = { user, password: null };
    return ok(
      one({ ...shown(login), ...(await invitation(app, login, { origin, ...query })) }, 201),
    );
  },
});

const read = endpoint({
  method: "GET",
  path: "/users/:id",
  summary: "Show a user",
  scope: "manage",
  request: { params: idParams },
  response: { 200: dataOf(userView) },
  async handle(app, { params }) {
    const found = await findUser(app.db, params.id);
    return found ? ok(one(shown(found))) : fail(NO_USER);
  },
});

const update = endpoint({
  method: "PATCH",
  path: "/users/:id",
  summary:
    "Change a user's name or role, disable or enable them; another role and disabling end their sessions",
  scope: "manage",
  request: {
    params: idParams,
    body: z.object({
      name: nameField(MAX_NAME_LENGTH).optional(),
      role: role.optional(),
      disabled: z.boolean("must be true or false").optional(),
    }),
  },
  response: { 200: dataOf(userView) },
  problems: ["conflict"],
  // Never the name: it is personal.
  traced: ({ name, role, disabled }) =>
    [
      ...(role === undefined ? [] : [`role=${role}`]),
      ...(disabled === undefined ? [] : [`disabled=${disabled}`]),
      ...(name === undefined ? [] : ["name"]),
    ].join(" "),
  async handle(app, { params, body, session }) {
    const found = await within(app, params.id, session);
    if (!found.ok) return found;
    const { user, password } = found.value;
    const refusal = outOfReach(session, body.role ?? user.role);
    if (refusal) return fail(refusal);
    const since = user.disabledAt ?? app.now();
    const change = {
      name: body.name ?? user.name,
      role: body.role ?? user.role,
      disabledAt: (body.disabled ?? user.disabledAt !== null) ? since : null,
    };
    if (!(await updateUser(app.db, user.id, change))) return fail(LAST_ONE);
    return ok(one(shown({ user: { ...user, ...change }, password })));
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/users/:id",
  summary: "Delete a user, their sessions and their modules",
  scope: "manage",
  request: { params: idParams },
  response: { 200: dataOf(z.object({ id: z.string() })) },
  problems: ["conflict"],
  async handle(app, { params, session }) {
    const found = await within(app, params.id, session);
    if (!found.ok) return found;
    const deleted = await deleteUser(app.db, params.id);
    return deleted ? ok(one({ id: params.id })) : fail(LAST_ONE);
  },
});

const grant = endpoint({
  method: "PUT",
  path: "/users/:id/modules",
  summary:
    "Set the modules that are open for a user, each for a mail class; only a Super Admin may",
  scope: "manage",
  access: "people",
  request: {
    params: idParams,
    body: z.object({ modules: z.array(moduleView, "must be an array").max(MAX_GRANTS) }),
  },
  response: { 200: dataOf(userView) },
  traced: ({ modules }) =>
    `modules=${modules.map((one) => `${one.module}/${one.mail_class}`).join() || "none"}`,
  async handle(app, { params, body, session }) {
    if (roleOf(session) !== "super_admin") return fail(SUPER_ADMINS_ONLY);
    const found = await findUser(app.db, params.id);
    if (!found) return fail(NO_USER);
    const grants = body.modules.map(({ module, mail_class: mailClass }) => ({ module, mailClass }));
    const by = session?.user.id ?? "";
    await setGrants(app.db, params.id, { grants, by, now: app.now() });
    const after = await findUser(app.db, params.id);
    return after ? ok(one(shown(after))) : fail(NO_USER);
  },
});

/** The operations of /v1/users; their invitations are in invitations.ts. */
export const userEndpoints = [list, create, read, update, remove, grant];

const LAST_ONE: Problem = {
  kind: "conflict",
  reason: "this is the last Super Admin who can sign in; make another one first",
};
const SUPER_ADMINS_ONLY: Problem = {
  kind: "not_permitted",
  reason: "only a Super Admin may open modules; ask one",
};
function shown({ user, password }: Login) {
  const active = password === null ? "invited" : "active";
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    role: user.role,
    state: user.disabledAt === null ? active : "disabled",
    modules: user.grants.map(({ module, mailClass }) => ({ module, mail_class: mailClass })),
    second_factor: user.secondFactor,
    created_at: iso(user.createdAt),
    disabled_at: iso(user.disabledAt),
  };
}
