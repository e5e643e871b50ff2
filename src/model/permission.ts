// Who may do what: one table of roles and resources (F-026), and the modules that a role is not enough for
// (F-024). A resource is the first word of a path below /v1. Pure.
import type { Scope } from "./key.ts";
import type { MailClass } from "./message.ts";

/** What people are, the most powerful first (decision 18: `admin` is the contract's tenant_admin). */
export const ROLES = [
  "super_admin",
  "admin",
  "developer",
  "marketer",
  "analyst",
  "support",
] as const;
export type Role = (typeof ROLES)[number];

/** Parts of the product that are closed to everybody but Super Admins until one opens them for a user. */
export const MODULES = ["transactional", "marketing", "deliverability"] as const;
export type Module = (typeof MODULES)[number];

/** A module that is open for a user, for mail of one class. */
export type Grant = { readonly module: Module; readonly mailClass: MailClass };

/** What may be done with a resource; who writes reads too. */
export type Access = "read" | "write";

/** Letters in the order of ROLES: w writes, r reads, - neither. */
type Row = {
  readonly module: Module | null;
  readonly roles: string;
  /** What of it tells of mail of both classes at once: closed to whoever is bound to one. */
  readonly spans: Access | null;
};

function row(roles: string, module: Module | null = null, spans: Access | null = null): Row {
  return { module, roles, spans };
}

/** The matrix. A resource that has no row is nobody's. */
export const MATRIX = {
  // Sending, and what became of it.
  "send-email": row("wwww--", "transactional"),
  "send-raw": row("wwww--", "transactional"),
  messages: row("wwwwrr", "transactional"),
  events: row("rrrrrr", "transactional"),
  activity: row("rrrrrr", "transactional"),
  exports: row("wwwwwr", "transactional"),
  inbound: row("rrrrrr", "transactional"),
  stats: row("rrrrrr"),
  // Credentials.
  keys: row("www---"),
  "smtp-credentials": row("www---", "transactional"),
  // Reporting to other systems, and who is not written to.
  // Whoever makes one has all events posted.
  webhooks: row("www-rr", null, "write"),
  suppressions: row("wwwwrr"),
  recipients: row("ww---r", null, "read"),
  // How mail leaves.
  domains: row("wwwrrr", "deliverability"),
  relays: row("wwr-rr", "deliverability"),
  pools: row("wwr-rr", "deliverability"),
  throttles: row("wwr-rr", "deliverability"),
  check: row("rrrrrr", "deliverability"),
  deliveries: row("wwrrrr"),
  // People who are written to.
  lists: row("wwwwrr", "marketing"),
  contacts: row("wwwwrr", "marketing"),
  "custom-fields": row("wwwwrr", "marketing"),
  tags: row("wwwwrr", "marketing"),
  imports: row("wwwwrr", "marketing"),
  // The deployment itself.
  account: row("wwrrrr"),
  health: row("rrrrrr"),
  audit: row("rr----"),
  users: row("ww----"),
  // One's own.
  sessions: row("wwwwww"),
  me: row("wwwwww"),
  invitations: row("wwwwww"),
} as const satisfies Readonly<Record<string, Row>>;

const rowsByName: ReadonlyMap<string, Row> = new Map(Object.entries(MATRIX));

/** Who is asked about. */
export type Holder = { readonly role: Role; readonly grants: readonly Grant[] };

/** What an operation does, to which resource. */
export type Deed = { readonly resource: string; readonly access: Access };

/** The deed of an operation of /v1. */
export function deedOf(operation: { method: string; path: string; scope: Scope }): Deed {
  const { method, path, scope } = operation;
  const reads = scope === "read" || (scope === "manage" && method === "GET");
  return { resource: path.split("/")[1] ?? "", access: reads ? "read" : "write" };
}

/** What a role alone may do with a resource; null: nothing. */
export function roleAccess(role: Role, resource: string): Access | null {
  const letter = rowsByName.get(resource)?.roles[ROLES.indexOf(role)];
  return letter === "w" ? "write" : letter === "r" ? "read" : null;
}

/** The module that a resource belongs to, and that this holder lacks; null when nothing is missing. */
export function missingModule({ role, grants }: Holder, resource: string): Module | null {
  const module = rowsByName.get(resource)?.module ?? null;
  if (module === null || role === "super_admin") return null;
  return grants.some((grant) => grant.module === module) ? null : module;
}

/** Why a resource is closed to whoever is bound to one mail class, or null. */
export function boundRefusal(
  mailClass: MailClass | null,
  { resource, access }: Deed,
): string | null {
  const spans = rowsByName.get(resource)?.spans ?? null;
  if (mailClass === null || spans === null || (spans === "write" && access === "read")) return null;
  return `${resource} tell of mail of both classes, and you are bound to ${mailClass}; ask somebody who is not`;
}

/** Whether somebody may make, change or remove a user of a role: nobody reaches above their own. */
export function reaches(role: Role, other: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(other);
}

/** Why somebody may not do something, in words that say what would help; null when they may. */
export function refusalOf(holder: Holder, { resource, access }: Deed): string | null {
  const allowed = roleAccess(holder.role, resource);
  if (allowed === null || (access === "write" && allowed === "read")) {
    const verb = access === "write" ? "change" : "see";
    return `the role ${holder.role} may not ${verb} ${resource}; ask an admin for another role`;
  }
  const refusal = boundRefusal(classOf(holder), { resource, access });
  if (refusal !== null) return refusal;
  const module = missingModule(holder, resource);
  return module && `the module ${module} is not open for you; ask a Super Admin to grant it`;
}

/** Everything that somebody may do, by resource: what the portal shows. */
export function allowedOf(holder: Holder): Readonly<Record<string, Access>> {
  const may = Object.keys(MATRIX).flatMap((resource) => {
    const open = (["write", "read"] as const).find(
      (access) => refusalOf(holder, { resource, access }) === null,
    );
    return open ? [[resource, open] as const] : [];
  });
  return Object.fromEntries(may);
}

/** The one mail class that somebody is kept to, or null for both. */
export function classOf({ role, grants }: Holder): MailClass | null {
  if (role === "super_admin") return null;
  const classes = new Set(
    grants.filter(({ module }) => module === "transactional").map(({ mailClass }) => mailClass),
  );
  const [only] = classes;
  return classes.size === 1 && only ? only : null;
}

/** What a key that somebody makes may do at most: never more than they may. */
export function scopesOf(role: Role): readonly Scope[] {
  switch (role) {
    case "super_admin":
    case "admin":
      return ["send", "read", "manage"];
    case "developer":
      return ["send", "read"];
    case "marketer":
      return ["send", "read"];
    case "analyst":
    case "support":
      return ["read"];
  }
}
