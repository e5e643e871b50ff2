// What /v1/users answers, and the words for it. Pure.
import { MAIL_CLASSES } from "../../lib/words.ts";

export const ROLES = [
  "super_admin",
  "admin",
  "developer",
  "marketer",
  "analyst",
  "support",
] as const;

/** What each role is for, in a few words. */
export const ROLE_WORDS: Readonly<Record<string, string>> = {
  super_admin: "Super Admin: everything, opens modules",
  admin: "Admin: everything but Super Admins",
  developer: "Developer: sends, keys, webhooks, domains",
  marketer: "Marketer: sends, lists, suppressions",
  analyst: "Analyst: reads, exports",
  support: "Support: reads, recipients' records",
};

export const MODULES = ["transactional", "marketing", "deliverability"] as const;

export type Grant = { readonly module: string; readonly mail_class: string };

export type User = {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly state: "invited" | "active" | "disabled";
  readonly modules: readonly Grant[];
  readonly second_factor: boolean;
  readonly created_at: string;
};

export type Invited = {
  /** Null when it was mailed. */
  readonly invitation_url: string | null;
  readonly invitation_expires_at: string;
  readonly mail: { readonly sent: boolean; readonly reason: string | null };
};

/** The modules of a user in words: `transactional (marketing mail)`. */
export function modulesText({ role, modules }: Pick<User, "role" | "modules">): string {
  if (role === "super_admin") return "all";
  const names = [...new Set(modules.map(({ module }) => module))];
  return names
    .map((name) => {
      const classes = modules.filter(({ module }) => module === name).map((one) => one.mail_class);
      return classes.length === MAIL_CLASSES.length ? name : `${name} (${classes.join()} mail)`;
    })
    .join(", ");
}

/** The grants with one more, or one less. */
export function toggled(grants: readonly Grant[], { module, mail_class }: Grant): readonly Grant[] {
  const rest = grants.filter((one) => one.module !== module || one.mail_class !== mail_class);
  return rest.length < grants.length ? rest : [...grants, { module, mail_class }];
}
