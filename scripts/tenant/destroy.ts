// Destroying a tenant: Worker, queues, bucket, database, in this order, so that nothing works on what is
// going. What is gone already is no failure.
import { readFile, rm } from "node:fs/promises";
import { configOf, folderOf, readTenant } from "./folder.ts";
import { queuesOf, tenantResource, valueOf } from "./template.ts";
import type { World } from "./world.ts";

/** Deletes everything of a tenant; `typed` is its name, typed by a person. */
export async function destroyTenant(world: World, name: string, typed: string): Promise<void> {
  if (typed.trim() !== name) throw new Error(`"${typed}" is not ${name}: nothing was deleted.`);
  if (!(await readTenant(world, name))) throw new Error(`There is no tenant ${name}.`);
  const config = configOf(world, name);
  const toml = await readFile(config, "utf8");
  await remove(world, ["delete", "--force", "-c", config]);
  for (const queue of queuesOf(toml)) await remove(world, ["queues", "delete", queue]);
  await remove(world, ["r2", "bucket", "delete", valueOf(toml, "bucket_name") ?? ""]);
  await remove(world, ["d1", "delete", tenantResource(name, "edgepost"), "--skip-confirmation"]);
  await rm(folderOf(world, name), { recursive: true, force: true });
  world.say(`${name} is gone.`);
}

async function remove(world: World, command: readonly string[]): Promise<void> {
  try {
    await world.wrangler(command);
  } catch (error) {
    if (/not empty|code: 10008/i.test(String(error))) {
      throw new Error(
        `The bucket ${command.at(-1) ?? ""} still holds objects: empty it in Cloudflare's dashboard, then destroy again.`,
        { cause: error },
      );
    }
    if (
      !/not found|does not exist|couldn't find|code: (?:10006|10007|11000)/i.test(String(error))
    ) {
      throw error;
    }
  }
}
