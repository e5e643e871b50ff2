// Who is signed in. The cookie that says so is out of any script's reach; here stands only what the API answered.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { MAIL_CLASSES } from "./words.ts";
import { ApiError, get, post, remove } from "./api.ts";

/** What `/v1/me` answers. */
export type Me = {
  readonly user: {
    readonly id: string;
    readonly email: string;
    readonly name: string;
    readonly role: string;
  };
  readonly permissions: Readonly<Record<string, "read" | "write">>;
  /** What the keys that they make may do at most. */
  readonly scopes: readonly string[];
  readonly modules: readonly { readonly module: string; readonly mail_class: string }[];
};

/** Whom the screens are shown to; the frame around them says it. */
export const MeContext = createContext<Me>({
  user: { id: "", email: "", name: "", role: "" },
  permissions: {},
  scopes: [],
  modules: [],
});

/** Whom a screen is shown to. */
export function useMe(): Me {
  return useContext(MeContext);
}

/** Who is signed in at this browser, or null. Throws ApiError when nobody can say. */
export async function whoAmI(): Promise<Me | null> {
  try {
    return await get<Me>("/v1/me");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Signs in; `code` is of the authenticator app, "" at first. Throws ApiError. */
export async function signIn(email: string, password: string, code: string): Promise<Me> {
  return (await post<{ data: Me }>("/v1/sessions", { email, password, code })).data;
}

/** Whether signing in failed only because a code is wanted. */
export function wantsCode(error: unknown): boolean {
  return error instanceof ApiError && error.code === "second_factor_required";
}

/** Signs out. Throws ApiError. */
export async function signOut(): Promise<void> {
  await remove("/v1/sessions/current");
}

/** The mail classes that somebody's keys may be for: a grant of one class keeps them to it. */
export function mailClasses({ user, modules }: Me): readonly string[] {
  const granted = new Set(
    modules.filter(({ module }) => module === "transactional").map((one) => one.mail_class),
  );
  const isBound = user.role !== "super_admin" && granted.size === 1;
  return isBound ? [...granted] : MAIL_CLASSES;
}

/** The mail classes to choose from, "" for `all`; nothing where there is one only. */
export function classChoices(me: Me, all = "all"): readonly (readonly [string, string])[] {
  const classes = mailClasses(me);
  return classes.length > 1 ? [["", all], ...classes.map((name) => [name, name] as const)] : [];
}

/** Whether somebody may see (or also change) a resource, the first word of its path. */
export function may(me: Me, resource: string | null, access: "read" | "write" = "read"): boolean {
  if (resource === null) return true;
  const allowed = me.permissions[resource];
  return allowed !== undefined && (access === "read" || allowed === "write");
}
