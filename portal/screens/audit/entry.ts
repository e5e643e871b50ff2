// Entries of /v1/audit, in words. Pure.

export type Entry = {
  readonly position: number;
  readonly at: string;
  readonly kind: "asked" | "refused" | "domain_state" | "dkim_rotated";
  readonly key_id: string | null;
  readonly ip: string;
  readonly operation: string;
  readonly target: string;
  readonly detail: string;
};

/** What an entry can be, by the names of the API. */
export const KINDS: Readonly<Record<Entry["kind"], string>> = {
  asked: "asked",
  refused: "refused",
  domain_state: "a domain's state",
  dkim_rotated: "a DKIM key rotated",
};

/** What can be changed: the first words of paths. */
export const RESOURCES = [
  "account",
  "contacts",
  "custom-fields",
  "domains",
  "exports",
  "imports",
  "invitations",
  "keys",
  "lists",
  "me",
  "messages",
  "pools",
  "recipients",
  "relays",
  "sessions",
  "smtp-credentials",
  "suppressions",
  "tags",
  "throttles",
  "users",
  "webhooks",
] as const;

/** Names of those who can have asked, by id. */
export type Names = ReadonlyMap<string, string>;

/** Who did it: a name where it is known, else the id that stays when its bearer is gone. */
export function whoOf({ key_id: id }: Pick<Entry, "key_id">, names: Names): string {
  return id === null ? "Edgepost itself" : (names.get(id) ?? id);
}

/** What became of it, where that is more than that it was asked for. */
export function outcomeOf({ kind, detail }: Pick<Entry, "kind" | "detail">): string {
  switch (kind) {
    case "asked":
      return "";
    case "refused":
      return `refused: ${detail.replaceAll("_", " ")}`;
    case "domain_state":
      return `now ${detail}`;
    case "dkim_rotated":
      return "rotated";
  }
}

/** What was asked for: an id of which we know the bearer is their name. */
export function targetOf({ target, kind, detail }: Entry, names: Names): string {
  const named = target.replace(/[0-9a-f-]{36}/g, (id) => names.get(id) ?? id);
  return [named, kind === "asked" ? detail.replaceAll(",", ", ") : ""]
    .filter((text) => text !== "")
    .join(" ");
}

/** What a walk of the whole chain came to. */
export type Walk = { readonly checked: number; readonly firstBroken: number | null };

/** The walk in words. */
export function walkText({ checked, firstBroken }: Walk): string {
  return firstBroken === null
    ? `All ${checked} entries are as they were written: none was changed, removed or put in between.`
    : `Entry ${firstBroken} is not what was written: somebody changed, removed or put in entries there.`;
}
