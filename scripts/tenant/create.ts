// Creating a tenant: file, database, bucket, queues, secrets, migrations, Worker, first key, Super Admin, DNS records.
// What is there already is left as it is, so a run that broke off is simply done again.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { keyRow, superAdminRow } from "../../dev/seed.ts";
import { makeKey } from "../../src/model/key.ts";
import { makePassword } from "../../src/model/smtp-credential.ts";
import {
  configOf,
  keepSecrets,
  readTenant,
  type Secrets,
  secretsFileOf,
  writeTenant,
} from "./folder.ts";
import { queuesOf, tenantResource, type TenantSettings, valueOf } from "./template.ts";
import type { World } from "./world.ts";

/** What a tenant is made from. */
export type Wanted = {
  readonly name: string;
  readonly relay: string | null;
  /** Where it shall answer; null takes the address that Cloudflare gives it. */
  readonly url: string | null;
};

/** Makes a tenant, or finishes one. */
export async function createTenant(
  world: World,
  wanted: Wanted & {
    readonly domain: string | null;
    /** The address of somebody who may do everything in the portal. */
    readonly superAdmin: string | null;
  },
): Promise<void> {
  const { name } = wanted;
  const before = await readTenant(world, name);
  const secrets = await keepSecrets(world, name, wanted.relay);
  await writeTenant(world, {
    name,
    databaseId: before?.databaseId ?? null,
    publicUrl: wanted.url ?? before?.publicUrl ?? null,
  });
  const databaseId = await ensureDatabase(world, name);
  const publicUrl = wanted.url ?? before?.publicUrl ?? null;
  await writeTenant(world, { name, databaseId, publicUrl });
  const toml = await readFile(configOf(world, name), "utf8");
  await ensure(world, ["r2", "bucket", "create", valueOf(toml, "bucket_name") ?? ""]);
  await ensureQueues(world, toml);
  await migrate(world, name);
  const url = await deploy(world, { name, databaseId, publicUrl });
  const key = await firstKey(world, name);
  world.say(`\n${name} answers at ${url}`);
  world.say(key === null ? "It has API keys already." : `API key, shown once: ${key}`);
  if (wanted.superAdmin !== null)
    await addSuperAdmin(world, { name, url, email: wanted.superAdmin });
  if (wanted.domain !== null) await addDomain(world, { url, key, domain: wanted.domain });
  sayGateway(world, { url, secrets, domain: wanted.domain ?? name });
  world.say(`\nKeep ${secretsFileOf(world, name)}: without it nothing that is sealed can be read.`);
}

/** Makes the queues that a tenant's file names and that are not there yet. */
export async function ensureQueues(world: World, toml: string): Promise<void> {
  for (const queue of queuesOf(toml)) await ensure(world, ["queues", "create", queue]);
}

/** Writes the file and the secrets and runs what needs no account: the Worker is built as it would be deployed. */
export async function rehearseTenant(world: World, wanted: Wanted): Promise<void> {
  const { name } = wanted;
  const before = await readTenant(world, name);
  await keepSecrets(world, name, wanted.relay);
  const publicUrl = wanted.url ?? before?.publicUrl ?? null;
  await writeTenant(world, { name, databaseId: before?.databaseId ?? null, publicUrl });
  const config = configOf(world, name);
  const folder = await mkdtemp(join(tmpdir(), "edgepost-rehearsal-"));
  try {
    const local = ["--local", "--persist-to", join(folder, "state")];
    await world.wrangler(["d1", "migrations", "apply", "DB", ...local, "-c", config]);
    world.say("The migrations apply.");
    await world.wrangler(["deploy", "--dry-run", "--outdir", join(folder, "build"), "-c", config]);
    world.say(`The Worker builds. ${config} is written; nothing was deployed.`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Applies the migrations that the tenant's database lacks. */
export async function migrate(world: World, name: string): Promise<void> {
  world.say("Applying migrations …");
  await world.wrangler([
    "d1",
    "migrations",
    "apply",
    "DB",
    "--remote",
    "-c",
    configOf(world, name),
  ]);
}

/** Deploys the Worker with its secrets; a Worker that did not know its address is deployed again with it. */
export async function deploy(world: World, settings: TenantSettings): Promise<string> {
  const { name } = settings;
  const files = ["-c", configOf(world, name), "--secrets-file", secretsFileOf(world, name)];
  world.say("Deploying the Worker …");
  const output = await world.wrangler(["deploy", ...files]);
  if (settings.publicUrl !== null) return settings.publicUrl;
  const url = /https:\/\/[a-z0-9.-]+\.workers\.dev/.exec(output)?.[0];
  if (url === undefined) {
    throw new Error("wrangler named no address of the Worker; give one with --url https://…");
  }
  await writeTenant(world, { ...settings, publicUrl: url });
  await world.wrangler(["deploy", ...files]);
  return url;
}

const databasesSchema = z.array(z.looseObject({ uuid: z.string(), name: z.string() }));

/** The id of the tenant's database, which is made when it is missing. */
async function ensureDatabase(world: World, name: string): Promise<string> {
  const database = tenantResource(name, "edgepost");
  const find = async () => {
    const list = databasesSchema.parse(jsonIn(await world.wrangler(["d1", "list", "--json"])));
    return list.find((one) => one.name === database)?.uuid ?? null;
  };
  const known = await find();
  if (known !== null) return known;
  world.say(`Creating the database ${database} …`);
  await world.wrangler(["d1", "create", database]);
  const made = await find();
  if (made === null)
    throw new Error(`wrangler does not list ${database}, which it made; try again`);
  return made;
}

/** Creates something, unless it is there. Wrangler says so in words and in codes of Cloudflare's API. */
async function ensure(world: World, command: readonly string[]): Promise<void> {
  try {
    await world.wrangler(command);
    world.say(`Created ${command.at(-1) ?? ""}.`);
  } catch (error) {
    if (!/already (?:exists|taken|own)|code: (?:10004|11009)/i.test(String(error))) throw error;
  }
}

const countSchema = z
  .array(z.looseObject({ results: z.array(z.object({ n: z.number() })) }))
  .min(1);

/** A first key with every scope; null when the tenant has one. */
async function firstKey(world: World, name: string): Promise<string | null> {
  if ((await count(world, name, "keys where revoked_at is null")) > 0) return null;
  const key = makeKey("kasplo");
  await write(world, name, await keyRow(key, "first key", Date.now()));
  return key;
}

/** A Super Admin with a password that is shown once; a tenant that has users keeps them as they are. */
async function addSuperAdmin(
  world: World,
  { name, url, email }: { readonly name: string; readonly url: string; readonly email: string },
): Promise<void> {
  if ((await count(world, name, "users")) > 0) {
    return world.say(`It has users already: invite ${email} in ${url}/portal.`);
  }
  const password = makePassword();
  await write(world, name, superAdminRow({ email, password }, Date.now()));
  world.say(`Super Admin of ${url}/portal: ${email}, password, shown once: ${password}`);
}

function executing(world: World, name: string): readonly string[] {
  return ["d1", "execute", "DB", "--remote", "-c", configOf(world, name)];
}

/** How many rows there are of what `select … from` takes. */
async function count(world: World, name: string, what: string): Promise<number> {
  const sql = `select count(*) as n from ${what}`;
  const answer = await world.wrangler([...executing(world, name), "--json", "--command", sql]);
  const [first] = countSchema.parse(jsonIn(answer));
  return first?.results[0]?.n ?? 0;
}

/** Runs a statement that holds a secret: from a file, which no list of processes shows. */
async function write(world: World, name: string, sql: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "edgepost-key-"));
  try {
    const file = join(folder, "key.sql");
    await writeFile(file, sql, { mode: 0o600 });
    await world.wrangler([...executing(world, name), "--yes", "--file", file]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const domainSchema = z.object({
  data: z.object({
    records: z.array(z.object({ type: z.string(), name: z.string(), value: z.string() })),
  }),
});

/** Adds the domain through the Worker and says its records. */
async function addDomain(
  world: World,
  ask: { readonly url: string; readonly key: string | null; readonly domain: string },
): Promise<void> {
  if (ask.key === null) {
    world.say(
      `Add ${ask.domain} with POST ${ask.url}/v1/domains; its key was shown when it was made.`,
    );
    return;
  }
  const answer = await world.fetch(`${ask.url}/v1/domains`, {
    method: "POST",
    headers: { authorization: `Bearer ${ask.key}`, "content-type": "application/json" },
    body: JSON.stringify({ domain: ask.domain }),
  });
  if (!answer.ok) {
    throw new Error(`${ask.domain} was not added (${answer.status}): ${await answer.text()}`);
  }
  const { records } = domainSchema.parse(await answer.json()).data;
  world.say(`\nPublish in DNS for ${ask.domain}:`);
  for (const { type, name, value } of records) world.say(`  ${type.padEnd(5)} ${name}  ${value}`);
}

/** The tenant's entry of the gateway's tenants file. */
function sayGateway(
  world: World,
  { url, secrets, domain }: { url: string; secrets: Secrets; domain: string },
): void {
  const secret = secrets.GATEWAY_SECRETS.replace(/^[^:]*:/, "").split(",")[0];
  const entry = JSON.stringify({ [domain]: { worker_url: url, secret } });
  world.say(`\nFor the SMTP gateway's tenants file (user names at ${domain}):\n  ${entry}`);
}

/** The JSON in what wrangler printed, which may have words before it. */
function jsonIn(output: string): unknown {
  const start = output.search(/^[[{]/m);
  if (start < 0) throw new Error(`wrangler printed no JSON:\n${output}`);
  return JSON.parse(output.slice(start));
}
