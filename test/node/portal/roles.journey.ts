// Every role, with and without modules, opens every screen that it is shown: nothing is refused there, and no link
// leads where it may not go.
import { setTimeout as sleep } from "node:timers/promises";
import type { Page, Request } from "playwright-core";
import { expect, it } from "vitest";
import { MODULES } from "../../../src/model/permission.ts";
import { axe } from "./axe.ts";
import { signIn, visit, WAIT_MS } from "./browse.ts";
import { givenPerson } from "./person.ts";
import type { World } from "./world.ts";

const PEOPLE = [
  ["admin", MODULES],
  ["developer", MODULES],
  ["marketer", MODULES],
  ["analyst", MODULES],
  ["support", MODULES],
  ["support", []],
] as const;

export function rolesJourneys(world: () => World): void {
  it.each(PEOPLE)(
    "shows the role %s with modules %j only what they may see",
    async (role, modules) => {
      const person = await givenPerson(world(), { role, modules });
      const page = await (await world().browser.newContext()).newPage();
      page.setDefaultTimeout(WAIT_MS);
      await signIn(page, person);
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      const refused: string[] = [];
      page.on("response", (response) => {
        if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
      });
      const answered = answersTo(page);
      const screens = await screensOf(page);
      const open = new Set(screens);
      const astray: string[] = [];
      const seen = new Set<string>();
      const look = async (path: string): Promise<void> => {
        await visit(page, path);
        await answered();
        seen.add(path);
        expect(await page.getByText("There is no such screen for you").count(), path).toBe(0);
        for (const link of await linksOf(page)) {
          const screen = nameOf(link);
          // These two stand in no navigation: they belong to the screen beside them.
          const shown = { message: "activity", "webhook-events": "webhooks" }[screen] ?? screen;
          if (!open.has(shown)) astray.push(`${path} leads to ${link}`);
        }
      };
      for (const screen of screens) await look(screen);
      // And the first thing of each kind that the lists of these screens lead to.
      for (const screen of screens) {
        await visit(page, screen);
        const deeper = (await linksOf(page)).find((link) => link.includes("/") && !seen.has(link));
        if (deeper !== undefined) await look(deeper);
      }
      expect(refused).toEqual([]);
      expect(astray).toEqual([]);
      expect(await axe(page)).toEqual([]);
      await page.context().close();
    },
  );
}

/** What waits until the page has the answers to all that it asked for by then. */
function answersTo(page: Page): () => Promise<void> {
  const asked = new Set<Request>();
  page.on("request", (request) => asked.add(request));
  page.on("requestfailed", (request) => asked.delete(request));
  page.on("requestfinished", (request) => asked.delete(request));
  return async () => {
    for (const end = Date.now() + WAIT_MS; asked.size > 0; await sleep(10)) {
      const urls = [...asked].map((request) => request.url());
      if (Date.now() > end) throw new Error(`no answer yet: ${urls.join(", ")}`);
    }
  };
}

/** The paths of the navigation. */
async function screensOf(page: Page): Promise<readonly string[]> {
  return pathsIn(page, "nav[aria-label='Screens'] a[href^='#/']");
}

/** Where the links of the screen lead, without what is behind `?`. */
async function linksOf(page: Page): Promise<readonly string[]> {
  return pathsIn(page, "main a[href^='#/']");
}

async function pathsIn(page: Page, selector: string): Promise<readonly string[]> {
  const hrefs = await page
    .locator(selector)
    .evaluateAll((links) => links.map((link) => link.getAttribute("href") ?? ""));
  return [...new Set(hrefs.map((href) => href.slice(2).split("?", 1)[0] ?? ""))];
}

function nameOf(path: string): string {
  return path.split("/", 1)[0] ?? "";
}
