// The journeys of who watches work go on: the API is slow, or refuses, and answers what the test says.
import type { Page, Route } from "playwright-core";
import { expect, it } from "vitest";
import { signedIn, visit } from "./browse.ts";
import type { World } from "./world.ts";

/** Longer than the pause between two looks. */
const SLOW_MS = 1_500;

type Work = { readonly asked: () => number; readonly most: () => number };

export function watchingJourneys(world: () => World): void {
  it("shows progress though each answer is slow, and keeps the older pages", async () => {
    const page = await signedIn(world());
    const work = await slowExports(page);
    await visit(page, "exports");
    await page.getByRole("button", { name: "Older" }).click();
    await page.getByRole("button", { name: "Export these 25 as CSV" }).waitFor();
    const progress = page.getByRole("progressbar");
    const before = await progress.getAttribute("value");
    const asked = work.asked();
    await expect.poll(() => progress.getAttribute("value"), { timeout: 8_000 }).not.toBe(before);
    await expect.poll(work.asked, { timeout: 8_000 }).toBeGreaterThan(asked + 1);
    await page.getByRole("button", { name: "Export these 25 as CSV" }).waitFor();
    expect(work.most()).toBe(1);
    await page.context().close();
  });

  it("keeps what it shows while the API refuses, and goes on by itself", async () => {
    const page = await signedIn(world());
    let isDown = false;
    let progress = 0;
    await page.route("**/v1/imports/one", async (route) => {
      progress += 0.1;
      const body = { error: { code: "unavailable", message: "The API rests." } };
      if (isDown) await route.fulfill({ status: 503, json: body });
      else await route.fulfill({ json: { data: { ...IMPORT, progress } } });
    });
    await visit(page, "imports/one");
    await page.getByRole("progressbar").waitFor();
    isDown = true;
    await page.getByRole("alert").getByText("The API rests.").waitFor();
    await page.getByRole("progressbar").waitFor();
    isDown = false;
    await page.getByRole("alert").waitFor({ state: "detached" });
    await page.getByRole("progressbar").waitFor();
    await page.context().close();
  });
}

/** Twenty-five exports, of which the oldest runs: it is on the second page. */
async function slowExports(page: Page): Promise<Work> {
  let [asked, open, most] = [0, 0, 0];
  await page.route("**/v1/exports?*", async (route: Route) => {
    asked += 1;
    open += 1;
    most = Math.max(most, open);
    const share = Math.min(asked / 50, 1);
    const rows = Array.from({ length: 25 }, (_, row) => exportOf(row, row === 24 ? share : 1));
    const query = new URL(route.request().url()).searchParams;
    const [from, limit] = [Number(query.get("cursor") ?? 0), Number(query.get("limit"))];
    const next_cursor = from + limit < rows.length ? String(from + limit) : null;
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    open -= 1;
    await route.fulfill({ json: { data: rows.slice(from, from + limit), next_cursor } });
  });
  return { asked: () => asked, most: () => most };
}

function exportOf(row: number, progress: number) {
  const isRunning = progress < 1;
  return {
    id: `export-${row}`,
    kind: "events",
    format: "csv",
    filters: {},
    from: "2026-11-20T00:00:00.000Z",
    to: "2026-11-21T00:00:00.000Z",
    state: isRunning ? "running" : "deleted",
    progress,
    rows: row,
    size: null,
    link: null,
    error: null,
  };
}

const IMPORT = {
  id: "one",
  state: "importing",
  bytes: 1,
  columns: ["email"],
  list_id: 1,
  mapping: null,
  rows: 1,
  added: 1,
  existing: 0,
  refused: 0,
  errors: [],
  error: null,
  created_at: "2026-11-20T00:00:00.000Z",
};
