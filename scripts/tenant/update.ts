// Bringing tenants to the version of this checkout, one after the other; the first that fails stops it, so
// that a bad version reaches one tenant only.
import { readFile } from "node:fs/promises";
import { deploy, ensureQueues, migrate } from "./create.ts";
import { configOf, keepSecrets, readTenant, tenantNames, writeTenant } from "./folder.ts";
import type { World } from "./world.ts";

/** Updates one tenant, or all. */
export async function updateTenants(world: World, name: string | null): Promise<void> {
  const names = name === null ? await tenantNames(world) : [name];
  for (const [index, one] of names.entries()) {
    try {
      await updateTenant(world, one);
    } catch (error) {
      const left = names.slice(index + 1);
      const untouched = left.length === 0 ? "" : ` Not updated: ${left.join(", ")}.`;
      throw new Error(`${one} was not updated.${untouched}`, { cause: error });
    }
  }
}

async function updateTenant(world: World, name: string): Promise<void> {
  const tenant = await readTenant(world, name);
  if (!tenant) throw new Error(`there is no tenant ${name}: npm run tenant -- create ${name}`);
  world.say(`\n${name}`);
  await keepSecrets(world, name, null);
  await writeTenant(world, tenant);
  // A newer version may have a queue more.
  await ensureQueues(world, await readFile(configOf(world, name), "utf8"));
  await migrate(world, name);
  const url = await deploy(world, tenant);
  const answer = await world.fetch(`${url}/healthz`, {});
  if (!answer.ok) throw new Error(`${url}/healthz answers ${answer.status}`);
  world.say(`${name} is well at ${url}`);
}
