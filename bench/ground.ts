// What all legs stand on: the Worker as it is deployed, a second build of it that counts, and a database
// with an account. A stage is one run of them in a workerd of its own, reached without a proxy.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unstable_splitSqlQuery } from "wrangler";
import * as z from "zod";
import { freePort } from "../test/peers/free-port.ts";
import { ROOT } from "../dev/bootstrap.js";
import { newSmtpLogin } from "../dev/account.ts";
import { type Logins, seedSql } from "../dev/seed.ts";
import { runWrangler } from "../dev/wrangler.ts";
import { makeKey } from "../src/model/key.ts";
import { buildWorker, type WorkerSettings, workerSettings } from "../test/node/faults/build.ts";
import { miniflareOptions } from "../test/node/faults/ground.ts";
import { type RunningWorker, startWorker } from "../test/node/faults/worker.ts";
import { workerdCpuMs } from "./cpu.ts";

/** The builds, and a folder with an account in it. */
export type Ground = {
  /** The Worker exactly as it is deployed. */
  readonly bundle: string;
  /** The same with worker/counted.ts around its bindings. */
  readonly counted: string;
  readonly worker: WorkerSettings;
  readonly state: string;
  readonly apiKey: string;
  /** Keys of the Audience and the Mailing Lists API. */
  readonly audienceKey: string;
  readonly mailingListsKey: string;
  /** What an SMTP client logs in with. */
  readonly smtp: { readonly username: string; readonly password: string };
  readonly remove: () => void;
};

/** How a leg wants its Worker. */
export type StageSetting = {
  /** The Worker as it is deployed, the counted one, or another Worker of the benchmark. */
  readonly build: "production" | "counted" | { readonly bundle: string };
  readonly relayPort: number;
  /** False: wake-ups are sent and nobody hears them, so that nothing is delivered. */
  readonly consumers: boolean;
  /** Puts the bare route (worker/bare.js) beside the Worker, over the same database. */
  readonly bare: boolean;
  /** Mail is tracked: its links lead to this Worker. */
  readonly tracked?: boolean;
  /** The static files are served too, through Miniflare's own proxy. */
  readonly assets?: boolean;
};

/** A running Worker. Both addresses lead straight into workerd, unless it serves static files. */
export type Stage = {
  readonly url: string;
  readonly bareUrl: string;
  readonly sql: RunningWorker["sql"];
  /** CPU time of workerd so far; null where it cannot be read. */
  readonly cpuMs: () => Promise<number | null>;
  readonly stop: () => Promise<void>;
};

/** Builds both Workers and makes the database. */
export async function prepareGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "edgepost-bench-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  const bundle = await buildWorker(join(folder, "bundle"), { barriers: false });
  const countedFolder = join(folder, "counted");
  const entry = join("bench", "worker", "counted.ts");
  await runWrangler(["deploy", entry, "--dry-run", "--outdir", countedFolder], countedFolder);
  const state = join(folder, "state");
  mkdirSync(state);
  const worker = workerSettings();
  const apiKey = makeKey("kasplo");
  const audienceKey = makeKey("audience");
  const mailingListsKey = makeKey("mailing_lists");
  const smtp = newSmtpLogin();
  const options = miniflareOptions({ bundle, worker }, state, {});
  await fillDatabase(state, options, {
    api_key: apiKey,
    kasapost_key: makeKey("kasapost"),
    audience_key: audienceKey,
    mailing_lists_key: mailingListsKey,
    smtp,
    portal: null,
  });
  const counted = join(countedFolder, "counted.js");
  const keys = { apiKey, audienceKey, mailingListsKey };
  return { bundle, counted, worker, state, ...keys, smtp, remove };
}

async function fillDatabase(state: string, options: object, logins: Logins): Promise<void> {
  const worker = await startWorker(state, options);
  const names = (await readdir(join(ROOT, "migrations"))).sort();
  const files = names.map((name) => readFile(join(ROOT, "migrations", name), "utf8"));
  const seed = await seedSql(logins, Date.now());
  for (const text of [...(await Promise.all(files)), seed, BARE_TABLE]) {
    for (const statement of unstable_splitSqlQuery(text)) await worker.sql(statement, []);
  }
  await worker.kill();
}

/** The columns of messages and of contents in one row, without any index: the cheapest way to keep them. */
const BARE_TABLE = `create table bench_sends (id integer primary key, message_id text,
  created_at integer, key_id text, idempotency_key text, request_hash text, mail_class text,
  from_address text, from_name text, subject text, tags text, send_id text, list_id text,
  metadata text, recipients text, on_ambiguous text, size integer, head text)`;

const optionsSchema = z.looseObject({ workers: z.array(z.looseObject({})) });

/** Starts a Worker over a copy of the ground's database. */
export async function startStage(ground: Ground, setting: StageSetting): Promise<Stage> {
  const state = mkdtempSync(join(tmpdir(), "edgepost-bench-stage-"));
  const removeState = (): void => rmSync(state, { recursive: true, force: true });
  process.once("exit", removeState);
  cpSync(ground.state, state, { recursive: true });
  const ports = { main: await freePort(), bare: await freePort() };
  const { build } = setting;
  const own = build === "production" ? ground.bundle : ground.counted;
  const built = { bundle: typeof build === "object" ? build.bundle : own, worker: ground.worker };
  const variables = {
    RELAY_URL: `smtp://127.0.0.1:${setting.relayPort}`,
    ...(setting.tracked ? { PUBLIC_URL: `http://127.0.0.1:${ports.main}` } : {}),
  };
  const options = optionsSchema.parse(miniflareOptions(built, state, variables));
  // The platform serves /docs by itself, Miniflare by a Worker in front of ours: 0.2 ms of every request.
  const { assets, ...withoutAssets } = options.workers[0] ?? {};
  const main = {
    ...withoutAssets,
    ...(setting.assets ? { assets } : {}),
    ...(setting.consumers ? {} : { queueConsumers: {} }),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: ports.main }],
  };
  const workers = setting.bare ? [main, bareWorker(ground, ports.bare)] : [main];
  const worker = await startWorker(state, { ...options, workers });
  return {
    url: setting.assets ? new URL(worker.url).origin : `http://127.0.0.1:${ports.main}`,
    bareUrl: `http://127.0.0.1:${ports.bare}`,
    sql: worker.sql,
    cpuMs: () => workerdCpuMs(state),
    async stop() {
      await worker.kill();
      removeState();
      process.off("exit", removeState);
    },
  };
}

function bareWorker({ worker }: Ground, port: number): object {
  const rootPath = join(ROOT, "bench", "worker");
  return {
    name: "bare",
    rootPath,
    modules: [{ type: "ESModule", path: join(rootPath, "bare.js") }],
    compatibilityDate: worker["compatibilityDate"],
    d1Databases: worker["d1Databases"],
    unsafeDirectSockets: [{ host: "127.0.0.1", port }],
  };
}
