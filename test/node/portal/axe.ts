// What axe-core finds wrong with a page.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core");

/** Serious and critical faults, in words. */
export async function axe(page: Page): Promise<readonly string[]> {
  const source = await readFile(AXE, "utf8");
  // Past the policy, as a debugger does it.
  const found: unknown =
    await page.evaluate(`${source}; axe.run().then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ": " + html.slice(0, 200))))`);
  return Array.isArray(found) ? found.map(String) : [String(found)];
}
