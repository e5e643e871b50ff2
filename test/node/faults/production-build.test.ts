// Crash points exist in fault builds only: what is deployed cannot be stopped by a variable.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildWorker } from "./build.ts";

/** The call that tells the harness, and the one function that makes it. */
const STOP = /fetch\(`\$\{\w+\}\/\$\{name\}`, \{ method: "POST" \}\)|function stopAt/;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgepost-faults-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("has no crash points in the production build", async () => {
  const bundle = await buildWorker(join(folder, "production"), { barriers: false });
  const text = await readFile(bundle, "utf8");
  expect(text).toContain('"C10"');
  expect(text).not.toMatch(STOP);
  expect(text).not.toMatch(/plan\?\.at/);
});

it("would find them: a fault build has them", async () => {
  const bundle = await buildWorker(join(folder, "faults"), { barriers: true });
  expect(await readFile(bundle, "utf8")).toMatch(STOP);
});
