// What all worlds of a test file stand on: one build of the Worker with its crash points, and one state
// folder with the migrations applied and an account in it, copied for each world.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unstable_splitSqlQuery } from "wrangler";
import { ROOT } from "../../../dev/bootstrap.js";
import { newSmtpLogin } from "../../../dev/account.ts";
import { seedSql } from "../../../dev/seed.ts";
import { makeKey } from "../../../src/model/key.ts";
import { GATEWAY_SECRET } from "../gateway-secret.ts";
import { buildWorker, type WorkerSettings, workerSettings } from "./build.ts";
import { startWorker } from "./worker.ts";

/** What every world of a test file shares: the build, and a folder with an account in it. */
export type Ground = {
  readonly bundle: string;
  readonly worker: WorkerSettings;
  readonly state: string;
  readonly apiKey: string;
  /** What an SMTP client logs in with at a gateway that shows GATEWAY_SECRET. */
  readonly smtp: { readonly username: string; readonly password: string };
  /** Removes its folders. */
  readonly remove: () => void;
};

/** Builds the Worker with its crash points and a database with an account. */
export async function prepareGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "edgepost-faults-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const bundle = await buildWorker(join(folder, "bundle"), { barriers: true });
  const ground = { bundle, worker: workerSettings(), state: join(folder, "state"), remove };
  mkdirSync(ground.state);
  const apiKey = makeKey("kasplo");
  const worker = await startWorker(ground.state, miniflareOptions(ground, ground.state, {}));
  const names = (await readdir(join(ROOT, "migrations"))).sort();
  const files = names.map((name) => readFile(join(ROOT, "migrations", name), "utf8"));
  const smtp = newSmtpLogin();
  const seed = await seedSql(
    {
      api_key: apiKey,
      kasapost_key: makeKey("kasapost"),
      audience_key: makeKey("audience"),
      mailing_lists_key: makeKey("mailing_lists"),
      smtp,
      portal: null,
    },
    Date.now(),
  );
  for (const text of [...(await Promise.all(files)), seed]) {
    for (const statement of unstable_splitSqlQuery(text)) await worker.sql(statement, []);
  }
  await worker.kill();
  return { ...ground, apiKey, smtp };
}

/** wrangler.toml's Worker as Miniflare takes it, with what only a local run has. */
export function miniflareOptions(
  ground: Pick<Ground, "bundle" | "worker">,
  state: string,
  variables: object,
): object {
  const kept = join(state, "kept");
  mkdirSync(kept, { recursive: true });
  const own = {
    LOCAL_DEV: "true",
    ENCRYPTION_KEY: "dGVzdC1vbmx5LWtleS0zMi1ieXRlcy1sb25nLTAwMDA=",
    GATEWAY_SECRETS: `test:${GATEWAY_SECRET}`,
    // Nothing but loopback is called; nobody answers here.
    DOH_URL: "http://127.0.0.1:9/dns-query",
  };
  return {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    logRequests: false,
    unsafeTriggerHandlers: true,
    resourcePersistencePath: kept,
    workers: [
      {
        ...ground.worker,
        name: "edgepost",
        rootPath: join(ground.bundle, ".."),
        modules: [{ type: "ESModule", path: ground.bundle }],
        bindings: { ...ground.worker.bindings, ...own, ...variables },
      },
    ],
  };
}
