// A stage in the memory that the platform gives: V8 limited to 128 MB. A workerd that runs out of it dies, and
// with it the leg.
import { freePort } from "../test/peers/free-port.ts";
import { type Ground, type Stage, startStage } from "./ground.ts";

/** The platform's limit; Miniflare hands it to workerd. */
const FLAGS = "MINIFLARE_WORKERD_V8_FLAGS";
const HEAP_LIMIT = "--max-heap-size=128";

/** What a leg acts on. */
export type Scene = {
  readonly url: string;
  readonly apiKey: string;
  readonly sql: Stage["sql"];
};

/** Does something on a stage with limited memory, which is stopped afterwards. */
export async function withLimitedMemory<T>(
  ground: Ground,
  work: (scene: Scene) => Promise<T>,
): Promise<T> {
  process.env[FLAGS] = HEAP_LIMIT;
  const setting = { build: "counted", consumers: true, bare: false } as const;
  const stage = await startStage(ground, { ...setting, relayPort: await freePort() });
  try {
    return await work({ url: stage.url, apiKey: ground.apiKey, sql: stage.sql });
  } finally {
    delete process.env[FLAGS];
    await stage.stop();
  }
}
