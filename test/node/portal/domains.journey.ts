// The journeys around sender domains.
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import * as z from "zod";
import { axe } from "./axe.ts";
import { confirm, signedIn, visit } from "./browse.ts";
import type { World } from "./world.ts";

const DOMAIN = "portal.example.com";

const answerSchema = z.object({
  data: z.object({
    records: z.array(
      z.object({ type: z.string(), name: z.string(), value: z.string(), required: z.boolean() }),
    ),
  }),
});

export function domainsJourneys(world: () => World): void {
  it("adds a domain, shows what DNS lacks, and sees it published", async () => {
    const page = await signedIn(world());
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await visit(page, "domains");
    await page.getByLabel("Domain", { exact: true }).fill(DOMAIN);
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("heading", { name: DOMAIN, exact: true }).waitFor();
    await page.getByText("pending").waitFor();

    const { url, key, resolver } = world();
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`${url}/v1/domains/${DOMAIN}`, { headers });
    const { records } = answerSchema.parse(await answer.json()).data;
    expect(await page.getByRole("button", { name: "Copy the value" }).count()).toBe(records.length);
    await page.getByRole("button", { name: "Copy the value" }).first().click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(records[0]?.value);

    const needed = records.filter(({ required }) => required);
    expect(needed.length).toBeGreaterThan(0);
    expect(await markCount(page, "missing")).toBeGreaterThanOrEqual(needed.length);
    for (const { type, name, value } of needed) resolver.publish(type, name, value);
    await page.getByRole("button", { name: "Verify now" }).click();
    await page.getByText("active", { exact: true }).waitFor();

    await page.getByRole("button", { name: "Make the report" }).click();
    await page.getByRole("cell", { name: "DKIM", exact: true }).waitFor();
    await page.getByRole("button", { name: "Rotate the DKIM key" }).click();
    await page.getByText("Mail is signed with the other key").waitFor();

    await page.getByLabel("Default sender, for mail without a From").fill(`hi@${DOMAIN}`);
    await page.getByLabel(/^Return path/).fill(`back.${DOMAIN}`);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    await page.getByText(`back.${DOMAIN}`, { exact: true }).first().waitFor();

    await page.getByLabel(/^From name/).fill("Portal & Sons");
    await page.getByLabel(/^Provider/).fill("gmail");
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    await page.getByRole("cell", { name: "Portal & Sons", exact: true }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole("button", { name: "Withdraw Portal & Sons" }).click();
    await confirm(page, "Portal & Sons", "Withdraw");
    await page
      .getByRole("cell", { name: "Portal & Sons", exact: true })
      .waitFor({ state: "detached" });
    await visit(page, "domains");
    await page.getByRole("cell", { name: `hi@${DOMAIN}` }).waitFor();
    await page.getByRole("link", { name: DOMAIN }).click();
    await page.getByRole("button", { name: "Delete …" }).click();
    await confirm(page, DOMAIN, "Delete");
    await page.getByText(`${DOMAIN} is gone.`).waitFor();
    expect((await fetch(`${url}/v1/domains/${DOMAIN}`, { headers })).status).toBe(404);
    await page.context().close();
  });
}

function markCount(page: Page, word: string): Promise<number> {
  return page.locator(".mark", { hasText: word }).count();
}
