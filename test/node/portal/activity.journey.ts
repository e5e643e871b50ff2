// The journeys through the filters of the activity screen: each stands in the URL, and none drops another.
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { axe } from "./axe.ts";
import { signedIn, visit } from "./browse.ts";
import { REFUSED_DOMAIN, type World } from "./world.ts";

/** Five hours ahead of UTC, all year. */
const ZONE = "Asia/Karachi";

export function activityJourneys(
  world: () => World,
  send: (email: object, tag?: string) => Promise<string>,
): void {
  it("filters by state, and keeps what is typed when something is chosen", async () => {
    const page = await signedIn(world());
    const [good, bad] = ["kept@example.com", `kept@${REFUSED_DOMAIN}`];
    const to = [good, bad].map((email) => ({ email }));
    const from = "hello@edgepost.test";
    await send({ from, subject: "States", text: "a", recipients: { to } }, "states");
    await visit(page, "activity?tag=states");
    await page.getByRole("link", { name: good }).first().waitFor();
    await page.getByRole("link", { name: bad }).first().waitFor();

    const state = page.getByRole("combobox", { name: "State" });
    await state.focus();
    await state.selectOption("delivered");
    await page.waitForURL(/state=delivered/);
    await page.getByRole("link", { name: good }).waitFor();
    await gone(page, bad);
    // Who chooses by keyboard goes on from there.
    expect(await state.evaluate((one) => one === document.activeElement)).toBe(true);

    await page.getByLabel("Recipient", { exact: true }).fill(bad);
    await state.selectOption("bounced");
    await page.waitForURL(/state=bounced/);
    expect(filtersOf(page)).toMatchObject({ tag: "states", state: "bounced", recipient: bad });
    await page.getByRole("link", { name: bad }).first().waitFor();
    expect(await page.getByLabel("Recipient", { exact: true }).inputValue()).toBe(bad);
    await page.getByRole("combobox", { name: "Event" }).selectOption("bounce_all");
    await page.waitForURL(/event=bounce_all/);
    await page.getByRole("link", { name: bad }).waitFor();

    await page.goBack();
    await page.goBack();
    await page.getByRole("link", { name: good }).waitFor();
    expect(await page.getByLabel("Recipient", { exact: true }).inputValue()).toBe("");
    await page.context().close();
  });

  it("takes a range in the viewer's zone, and says what to do about a wrong one", async () => {
    const viewport = { width: 375, height: 812 };
    const page = await signedIn(world(), { timezoneId: ZONE, viewport });
    const email = "range@example.com";
    const from = "hello@edgepost.test";
    await send({ from, subject: "Range", text: "a", recipients: { to: [{ email }] } });
    await visit(page, `activity?recipient=${email}`);
    await page.getByRole("cell", { name: email }).waitFor();

    const time = page.getByRole("combobox", { name: "Time" });
    await time.selectOption("24");
    await page.waitForURL(/from=/);
    expect(await time.inputValue()).toBe("24");
    await page.getByText(`in your time, ${ZONE}`).waitFor();
    await page.getByRole("cell", { name: email }).waitFor();

    await time.selectOption("range");
    await page.getByLabel("From", { exact: true }).fill("2026-01-02T03:04");
    await page.getByLabel("To", { exact: true }).fill("2026-01-02T04:30");
    await page.getByLabel("To", { exact: true }).press("Enter");
    await page.waitForURL(/to=/);
    const range = { from: "2026-01-01T22:04:00.000Z", to: "2026-01-01T23:30:00.000Z" };
    expect(filtersOf(page)).toEqual({ recipient: email, ...range });
    await page.getByText("Jan 2, 2026, 3:04:00").waitFor();
    expect(await page.getByText("Jan 2, 2026, 3:04:00").getAttribute("title")).toBe(
      "2026-01-01 22:04:00.000 UTC",
    );
    await page.getByText("This range has ended").waitFor();
    await page.getByRole("heading", { name: "Nothing fits" }).waitFor();

    await page.getByLabel("From", { exact: true }).fill("2026-01-03T03:04");
    await page.getByRole("combobox", { name: "State" }).selectOption("delivered");
    await page.getByRole("alert").getByText("choose an earlier From").waitFor();
    expect(await axe(page)).toEqual([]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(viewport.width);

    await time.selectOption("");
    await page.getByRole("alert").waitFor({ state: "detached" });
    await page.getByRole("cell", { name: email }).waitFor();
    expect(filtersOf(page)).toEqual({ recipient: email, state: "delivered" });
    await page.context().close();
  });
}

async function gone(page: Page, name: string): Promise<void> {
  await page.getByRole("link", { name }).first().waitFor({ state: "detached" });
}

/** What stands behind the # of the page's address. */
function filtersOf(page: Page): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(page.url().split("?")[1]));
}
