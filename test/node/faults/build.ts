// Builds the Worker as wrangler would deploy it, with or without its crash points, and reads from
// wrangler.toml what a local run of it needs. Nothing is deployed.
import { join } from "node:path";
import { unstable_getMiniflareWorkerOptions } from "wrangler";
import * as z from "zod";
import { ROOT } from "../../../dev/bootstrap.js";
import { runWrangler } from "../../../dev/wrangler.ts";

/**
 * Bundles the Worker into a folder and answers the path of its one module; `barriers: false` is exactly
 * the production build.
 */
export async function buildWorker(
  folder: string,
  options: { readonly barriers: boolean },
): Promise<string> {
  const define = options.barriers ? ["--define", "FAULT_BARRIERS:true"] : [];
  await runWrangler(["deploy", "--dry-run", "--outdir", folder, ...define], folder);
  return join(folder, "index.js");
}

/** A Worker's settings in Miniflare's words; `bindings` are its variables. */
export type WorkerSettings = Readonly<Record<string, unknown>> & {
  readonly bindings: Readonly<Record<string, unknown>>;
};

/** Bindings, queue settings and flags of wrangler.toml. */
export function workerSettings(): WorkerSettings {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(ROOT, "wrangler.toml"));
  const bindings = z.record(z.string(), z.unknown()).parse(workerOptions["bindings"]);
  return { ...workerOptions, bindings };
}
