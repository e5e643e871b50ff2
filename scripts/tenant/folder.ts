// A tenant's folder: its wrangler.toml, and its secrets for its owner's eyes alone.
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { readIfPresent, writeWhole } from "../../dev/files.ts";
import { settingsOf, type TenantSettings, tenantToml } from "./template.ts";
import type { World } from "./world.ts";

const secretsSchema = z.object({
  ENCRYPTION_KEY: z.string(),
  GATEWAY_SECRETS: z.string(),
  RELAY_URL: z.string().optional(),
});

/** What the Worker is given as secrets; kept so that a repeated step gives the same. */
export type Secrets = z.infer<typeof secretsSchema>;

/** As long as AES-256 and HMAC-SHA-256 need. */
const SECRET_BYTES = 32;

/** A tenant's folder. */
export function folderOf(world: World, name: string): string {
  return join(world.tenants, name);
}

/** A tenant's wrangler.toml. */
export function configOf(world: World, name: string): string {
  return join(folderOf(world, name), "wrangler.toml");
}

/** A tenant's secrets file. */
export function secretsFileOf(world: World, name: string): string {
  return join(folderOf(world, name), "secrets.json");
}

/** The settings that a tenant's file holds; null when there is no such tenant. */
export async function readTenant(world: World, name: string): Promise<TenantSettings | null> {
  const toml = await readIfPresent(configOf(world, name));
  return toml === null ? null : settingsOf(name, toml);
}

/** Writes the file anew from the template. */
export async function writeTenant(world: World, settings: TenantSettings): Promise<void> {
  const template = await readFile(join(world.root, "wrangler.toml"), "utf8");
  await mkdir(folderOf(world, settings.name), { recursive: true });
  await writeFile(configOf(world, settings.name), tenantToml(template, settings));
}

/** The secrets: those that are there stay, a relay that is given replaces the last one. */
export async function keepSecrets(
  world: World,
  name: string,
  relay: string | null,
): Promise<Secrets> {
  const file = secretsFileOf(world, name);
  const text = await readIfPresent(file);
  const known = text === null ? null : secretsSchema.parse(JSON.parse(text));
  const relayUrl = relay ?? known?.RELAY_URL;
  const secrets: Secrets = {
    ENCRYPTION_KEY: known?.ENCRYPTION_KEY ?? newSecret(),
    GATEWAY_SECRETS: known?.GATEWAY_SECRETS ?? `1:${newSecret()}`,
    ...(relayUrl === undefined ? {} : { RELAY_URL: relayUrl }),
  };
  await writeWhole(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64");
}

/** The names of all tenants that have a file. */
export async function tenantNames(world: World): Promise<readonly string[]> {
  const entries = await readdir(world.tenants, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const present = await Promise.all(
    names.map(async (name) => ((await readTenant(world, name)) ? [name] : [])),
  );
  return present.flat().sort();
}

/** Says every tenant with where it answers. */
export async function listTenants(world: World): Promise<void> {
  const names = await tenantNames(world);
  if (names.length === 0) world.say("There are no tenants yet: npm run tenant -- create NAME");
  for (const name of names) {
    const tenant = await readTenant(world, name);
    world.say(
      `${name.padEnd(32)} ${tenant?.publicUrl ?? "not deployed"}  database ${tenant?.databaseId ?? "none"}`,
    );
  }
}
