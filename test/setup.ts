// Every test file of the workerd project starts with a migrated database and nothing stored anywhere. The
// files share one worker, which saves a second each; what a module remembers stays.
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";

await reset();
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
