// A tenant's wrangler.toml, made from the repository's own: other names, its own database, its variables.
// Pure.

/** What a tenant's file says beside the template. */
export type TenantSettings = {
  readonly name: string;
  /** UUID of its D1 database, or null before there is one. */
  readonly databaseId: string | null;
  /** Origin of its Worker, or null before it is known. */
  readonly publicUrl: string | null;
};

/** What the names of a tenant's Worker, database, queues and bucket begin with in the template. */
const PREFIX = "edgepost";

/** The id that the template holds; wrangler accepts it for dry runs. */
const NO_DATABASE = "00000000-0000-0000-0000-000000000000";

/** Names become parts of host names and of queue names, which hold at most 63 characters. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,29}[a-z0-9])?$/;

/** Why a name is none, or null. */
export function nameFault(name: string): string | null {
  return NAME.test(name)
    ? null
    : "must be 1 to 31 lower-case letters, digits and hyphens, such as acme";
}

/** The tenant's own name for something of the template, such as `edgepost-acme-webhooks`. */
export function tenantResource(name: string, resource: string): string {
  return resource.replace(new RegExp(`^${PREFIX}(?=-|$)`), `${PREFIX}-${name}`);
}

/** The file: the template with every name of ours changed, paths from two folders below, and variables. */
export function tenantToml(template: string, settings: TenantSettings): string {
  const { name, databaseId, publicUrl } = settings;
  const host = publicUrl === null ? null : new URL(publicUrl).host;
  const variables = [
    `ACCOUNT_NAME = "${name}"`,
    ...(publicUrl === null ? [] : [`PUBLIC_URL = "${publicUrl}"`, `OWN_HOSTS = "${host ?? ""}"`]),
  ];
  return [
    `# The tenant ${name}, made by \`npm run tenant\` from ../../wrangler.toml; change that, not this.`,
    template
      .replace(/^# One Worker per tenant.*\n/m, "")
      .replace(
        /"(edgepost(?:-[a-z-]+)?)"/g,
        (_all, found: string) => `"${tenantResource(name, found)}"`,
      )
      .replace(NO_DATABASE, databaseId ?? NO_DATABASE)
      .replace(/^main = "/m, 'main = "../../')
      .replace(/^migrations_dir = "/m, 'migrations_dir = "../../')
      .replace(/^directory = "\.?\/?/m, 'directory = "../../')
      .replace(/^\[vars\]\n/m, `[vars]\n${variables.join("\n")}\n`),
  ].join("\n");
}

/** The queues that a file names, each once, in their order. */
export function queuesOf(toml: string): readonly string[] {
  const found = toml.matchAll(/^(?:queue|dead_letter_queue) = "([^"]+)"$/gm);
  return [...new Set(Array.from(found, ([, name]) => name ?? ""))];
}

/** The value of a `key = "value"` line; null when there is none. */
export function valueOf(toml: string, key: string): string | null {
  return new RegExp(`^${key} = "([^"]*)"$`, "m").exec(toml)?.[1] ?? null;
}

/** The settings that a tenant's file was made from. */
export function settingsOf(name: string, toml: string): TenantSettings {
  const databaseId = valueOf(toml, "database_id");
  return {
    name,
    databaseId: databaseId === NO_DATABASE ? null : databaseId,
    publicUrl: valueOf(toml, "PUBLIC_URL"),
  };
}
