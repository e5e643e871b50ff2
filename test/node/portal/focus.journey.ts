// Where the keyboard is after a dialog, and after what it stood on is gone.
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { signedIn, visit } from "./browse.ts";
import type { World } from "./world.ts";

export function focusJourneys(world: () => World): void {
  it("gives the keyboard back after a dialog, or to what is around what is gone", async () => {
    const page = await signedIn(world());
    await visit(page, "fields");
    for (const name of ["focus one", "focus two"]) {
      await page.getByLabel("Name of the tag").fill(name);
      await page.getByRole("button", { name: "Make the tag" }).click();
      await page.getByRole("cell", { name, exact: true }).waitFor();
    }
    await open(page, "Delete focus one");
    await page.keyboard.press("Escape");
    await expect.poll(() => focused(page)).toBe("Delete focus one");
    await open(page, "Delete focus one");
    await page.getByRole("button", { name: "Leave it" }).press("Enter");
    await expect.poll(() => focused(page)).toBe("Delete focus one");

    await open(page, "Delete focus one");
    await page.keyboard.type("focus one");
    await page.keyboard.press("Enter");
    await page.getByRole("cell", { name: "focus one", exact: true }).waitFor({ state: "detached" });
    await expect.poll(() => focused(page)).toBe("Tags");
    await page.keyboard.press("Tab");
    expect(await focused(page)).not.toBe("BODY");
    await page.context().close();
  });

  it("gives it back to the button when what was confirmed leaves that there", async () => {
    const page = await signedIn(world());
    await visit(page, "webhooks");
    await page.getByLabel(/^URL that/).fill("http://127.0.0.1:1029/focus");
    await page.getByRole("button", { name: "Add the webhook" }).click();
    await page.getByRole("link", { name: "http://127.0.0.1:1029/focus" }).first().click();
    await open(page, "Rotate the secret …");
    await page.keyboard.type("rotate");
    await page.keyboard.press("Enter");
    await page.getByText("whsec_").first().waitFor();
    await expect.poll(() => focused(page)).toBe("Rotate the secret …");

    await open(page, "Delete …");
    await page.keyboard.type("127.0.0.1:1029");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Webhooks", level: 1 }).waitFor();
    await expect.poll(() => focused(page)).toBe("MAIN");
    await page.context().close();
  });

  it("leaves the keyboard alone when somebody had left what is taken away", async () => {
    const page = await signedIn(world());
    await visit(page, "fields");
    await page.evaluate(takeAway, true);
    expect(await focused(page)).toBe("BODY");
    await page.evaluate(takeAway, false);
    expect(await focused(page)).toBe("MAIN");
    await page.context().close();
  });

  it("leaves the keyboard on a button that works, and asks once", async () => {
    const page = await signedIn(world());
    await visit(page, "domains/edgepost.test");
    let asked = 0;
    await page.route("**/verify", async (route) => {
      asked += 1;
      await sleep(200);
      await route.continue();
    });
    const verify = page.getByRole("button", { name: "Verify now" });
    await verify.press("Enter");
    await page.getByRole("button", { name: "Looking into DNS …" }).press("Enter");
    await page.getByText("This is what DNS says now.").waitFor();
    expect([await focused(page), asked]).toEqual(["Verify now", 1]);
    await page.context().close();
  });

  it("shows what holds again when a choice is refused", async () => {
    const page = await signedIn(world());
    await visit(page, "settings");
    const plan = page.getByRole("combobox", { name: "Plan" });
    const before = await plan.inputValue();
    await page.route("**/v1/account", (route) =>
      route.request().method() === "PATCH"
        ? route.fulfill({ status: 409, json: { error: { code: "conflict", message: "Not now." } } })
        : route.continue(),
    );
    await plan.selectOption(before === "growth" ? "starter" : "growth");
    await page.getByRole("alert").getByText("Not now.").waitFor();
    expect(await plan.inputValue()).toBe(before);
    await page.context().close();
  });
}

/** Opens a dialog by keyboard, with the keyboard in its field. */
async function open(page: Page, button: string): Promise<void> {
  await page.getByRole("button", { name: button, exact: true }).press("Enter");
  await page.getByRole("dialog").getByLabel(/^Type/).focus();
}

/** What has the focus: its name, or its words, or its kind. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { activeElement: it } = document;
    const isPlace = it?.matches("main, body");
    const name = it?.getAttribute("aria-label") ?? (isPlace ? null : it?.textContent);
    return name ?? it?.tagName ?? "";
  });
}

/** Runs in the page: a button of the screen had the focus, perhaps was left, and is no more. */
async function takeAway(isLeft: boolean): Promise<void> {
  const button = document.createElement("button");
  document.querySelector("main")?.append(button);
  button.focus();
  if (isLeft) button.blur();
  await new Promise((resolve) => setTimeout(resolve));
  button.remove();
  await new Promise((resolve) => setTimeout(resolve));
}
