// What every journey through the portal does: signs in, goes to a screen.
import type { BrowserContextOptions, Page } from "playwright-core";
import type { World } from "./world.ts";

/** Whatever is waited for comes much sooner, even on a busy machine. */
export const WAIT_MS = 10_000;

/** The page of a browser that was never here, signed in as the Super Admin. */
export async function signedIn(world: World, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await world.browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await signIn(page, world.portal);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  return page;
}

/** Opens the portal and sends its log-in form. */
export async function signIn(page: Page, { url, email, password }: World["portal"]): Promise<void> {
  await page.goto(url);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Goes to a screen of this page, with nothing loaded anew: `domains`, `message/<id>`, `activity?event=open`. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.evaluate((hash) => (location.hash = hash), `#/${path}`);
  await page.locator("main h1").waitFor();
  await page.getByText("Loading …").first().waitFor({ state: "detached" });
}

/** Types the name that a dialog asks for, and goes on with its button. */
export async function confirm(page: Page, name: string, action: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Type/).fill(name);
  await dialog.getByRole("button", { name: action, exact: true }).click();
}
