// The journeys around credentials: keys and SMTP, who may not have them, and sessions that die with their password.
import { createTransport } from "nodemailer";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { confirm, signedIn, signIn, visit, WAIT_MS } from "./browse.ts";
import { givenPerson, type Person, resetToken } from "./person.ts";
import type { World } from "./world.ts";

export function keysJourneys(world: () => World): void {
  it("makes a key, sends with it, sees it arrive and used, rotates and revokes it", async () => {
    const page = await signedIn(world());
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await visit(page, "keys");
    await page.getByLabel("Name: what will use it").fill("Shop");
    await page.getByText("Keep it to a domain").click();
    await page.getByLabel("Recipients a day").fill("50");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    const made = page.getByRole("status", { name: "The key of Shop" });
    await made.getByRole("button", { name: "Copy the key" }).click();
    const key = await page.evaluate(() => navigator.clipboard.readText());
    expect(key).toMatch(/^ep_live_/);
    // What the call to paste asks for is asked here.
    const curl =
      (await made.getByRole("region", { name: "Settings for curl" }).textContent()) ?? "";
    expect(curl).toContain(`'Authorization: Bearer ${key}'`);
    const [, body = ""] = /-d '(.*)'/.exec(curl) ?? [];
    const mail: object = JSON.parse(body);
    const send = (): Promise<Response> => post(world(), key, { ...mail, to: "shop@example.com" });
    expect((await send()).status).toBe(200);

    await visit(page, "activity?recipient=shop@example.com");
    await page.getByRole("link", { name: "shop@example.com" }).first().waitFor();
    await visit(page, "keys");
    const row = page.getByRole("row").filter({ hasText: "Shop" });
    await row.getByRole("cell", { name: "50 a day" }).waitFor();
    expect(await row.getByRole("cell").nth(2).textContent()).not.toBe("never");
    // The key was shown once.
    expect(await page.getByText(key).count()).toBe(0);

    await row.getByRole("button", { name: "Rotate Shop" }).click();
    await page.getByLabel("The secret of before works on for").selectOption("an hour");
    await confirm(page, "Shop", "Rotate");
    await made.getByRole("button", { name: "Copy the key" }).click();
    const other = await page.evaluate(() => navigator.clipboard.readText());
    expect(other).not.toBe(key);
    await row.getByText("the secret before works until").waitFor();
    expect((await post(world(), other, { ...mail, to: "shop@example.com" })).status).toBe(200);
    expect((await send()).status).toBe(200);

    await row.getByRole("button", { name: "Revoke Shop" }).click();
    const revoke = page.getByRole("button", { name: "Revoke", exact: true });
    expect(await revoke.isDisabled()).toBe(true);
    await page.getByLabel(/^Type/).fill("Shop");
    await revoke.click();
    await row.getByText("revoked").waitFor();
    expect((await send()).status).toBe(401);
    await page.context().close();
  });

  it("makes an SMTP credential whose settings to paste send mail, and revokes it", async () => {
    const page = await signedIn(world());
    await visit(page, "smtp");
    await page.getByLabel("Name: what will use it").fill("Blog");
    await page.getByLabel(/^Domain of the user name/).fill("edgepost.test");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    const made = page.getByRole("status", { name: "The credential of Blog" });
    await made.getByRole("combobox").selectOption("Nodemailer");
    const text = await made.getByRole("region", { name: "Settings for Nodemailer" }).textContent();
    const transport = createTransport(settingsIn(text ?? ""));
    const mail = { from: "hello@edgepost.test", to: "blog@example.com", subject: "a", text: "b" };
    await transport.sendMail(mail);
    transport.close();
    await visit(page, "activity?recipient=blog@example.com");
    await page.getByRole("link", { name: "blog@example.com" }).first().waitFor();

    await visit(page, "smtp");
    // The password is gone, the settings are not.
    const swaks = page.getByRole("region", { name: "Settings for swaks" });
    await page.getByRole("combobox", { name: "Settings for" }).selectOption("swaks");
    expect(await swaks.textContent()).toContain("YOUR-PASSWORD");
    const row = page.getByRole("row").filter({ hasText: "Blog" });
    await row.getByRole("button", { name: "Revoke Blog" }).click();
    await confirm(page, "Blog", "Revoke");
    await row.getByText("revoked").waitFor();
    await page.context().close();
  });

  it("shows settings with what they do, asks before they delete, and the audit log tells of it", async () => {
    const page = await signedIn(world());
    await visit(page, "settings");
    const days = page.getByLabel("Messages and events are kept, days");
    const before = await days.inputValue();
    await days.fill("90");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved.").waitFor();
    await days.fill(before);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByLabel(/^Type/).fill("delete");
    await page.getByRole("button", { name: "Save and delete" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Save", exact: true, disabled: true }).waitFor();
    expect(await days.inputValue()).toBe(before);

    await visit(page, "audit");
    const rows = page.getByRole("row").filter({ hasText: "PATCH /account" });
    await rows.first().waitFor();
    expect(await rows.count()).toBe(2);
    await rows.filter({ hasText: world().portal.email }).first().waitFor();
    await page.getByRole("combobox", { name: "Who" }).selectOption(world().portal.email);
    await page.getByRole("combobox", { name: "What" }).selectOption("account");
    await page.waitForURL(/resource=account/);
    await rows.nth(1).waitFor();
    // Other journeys change other parts of the account.
    const others = page.getByRole("row").filter({ hasNotText: " /account" });
    await expect.poll(() => others.count()).toBe(1);
    await page.getByRole("combobox", { name: "Came to" }).selectOption("refused");
    await page.getByRole("heading", { name: "Nothing fits" }).waitFor();
    await page.getByRole("button", { name: "Check that nobody meddled with it" }).click();
    await page.getByText(/^All \d+ entries are as they were written/).waitFor();
    await page.context().close();
  });

  it("hides from an analyst what they may not, and answers 403 where they ask all the same", async () => {
    const analyst = await givenPerson(world(), {
      role: "analyst",
      modules: ["transactional", "marketing", "deliverability"],
    });
    const page = await opened(world(), analyst);
    const links = page.getByRole("navigation", { name: "Screens" }).getByRole("link");
    await links.getByText("Activity").waitFor();
    const shown = await links.allTextContents();
    for (const hidden of ["API keys", "SMTP", "Team", "Send a test", "Audit"]) {
      expect(shown).not.toContain(hidden);
    }
    for (const hidden of ["keys", "smtp", "team", "audit"]) {
      await page.evaluate((hash) => (location.hash = hash), `#/${hidden}`);
      await page.getByRole("heading", { name: "There is no such screen for you" }).waitFor();
    }
    await visit(page, "suppressions");
    expect(await page.getByRole("button", { name: "Add", exact: true }).count()).toBe(0);

    const statuses = await page.evaluate(askAll, REFUSED);
    expect(statuses).toEqual(REFUSED.map(() => 403));
    expect(await page.evaluate(askAll, READ)).toEqual(READ.map(() => 200));
    await page.context().close();
  });

  it("ends a session with its password: changed elsewhere, or chosen anew by a link", async () => {
    const person = await givenPerson(world(), { role: "support" });
    const [here, there] = [await opened(world(), person), await opened(world(), person)];
    await visit(here, "you");
    await here.getByLabel("Current password").fill(person.password);
    await here.getByLabel(/^New password/).fill("another horse battery");
    await here.getByRole("button", { name: "Change it" }).click();
    await here.getByText("Your password is changed").waitFor();
    await there.evaluate(() => (location.hash = "#/you"));
    await there.getByText("Your session has ended. Sign in again.").waitFor();
    // Where it was changed one stays in, until it is chosen anew.
    await visit(here, "overview");
    const token = await resetToken(world(), person.id);
    await there.goto(`${person.url}#/invitation/${token}`);
    await there.reload();
    await there.getByLabel("Password").fill("the third horse battery");
    await there.getByRole("button", { name: "Keep it" }).click();
    await there.getByText(`Sign in as ${person.email}`).waitFor();
    await here.evaluate(() => (location.hash = "#/you"));
    await here.getByText("Your session has ended. Sign in again.").waitFor();
    for (const page of [here, there]) await page.context().close();
  });
}

/** A browser of its own, in which somebody is signed in. */
async function opened(world: World, person: Person): Promise<Page> {
  const page = await (await world.browser.newContext()).newPage();
  page.setDefaultTimeout(WAIT_MS);
  await signIn(page, person);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  return page;
}

type Call = readonly [method: string, path: string, body: object | null];

const ID = "01890000-0000-7000-8000-000000000001";

/** credentials, keys, and what stops mail. */
const REFUSED: readonly Call[] = [
  ["GET", "/v1/keys", null],
  ["POST", "/v1/keys", { name: "x", scopes: ["read"] }],
  ["DELETE", `/v1/keys/${ID}`, null],
  ["GET", "/v1/smtp-credentials", null],
  ["POST", "/v1/smtp-credentials", { name: "x", domain: "edgepost.test" }],
  ["DELETE", "/v1/smtp-credentials/abcdefghijklmnop", null],
  ["POST", "/v1/suppressions", { email: "a@example.com" }],
  ["POST", "/v1/suppressions/bulk", { entries: [{ email: "a@example.com" }] }],
  ["DELETE", "/v1/suppressions/a@example.com", { reason: "x" }],
  ["GET", "/v1/users", null],
  ["GET", "/v1/audit", null],
  ["PATCH", "/v1/account", { retention_days: 7 }],
];
const READ: readonly Call[] = [
  ["GET", "/v1/suppressions", null],
  ["GET", "/v1/messages", null],
  ["GET", "/v1/events", null],
  ["GET", "/v1/stats", null],
  ["GET", "/v1/account", null],
];

/** Runs in the page, with its cookie. */
async function askAll(calls: readonly Call[]): Promise<readonly number[]> {
  const answers = calls.map(async ([method, path, body]) => {
    const headers = { "content-type": "application/json" };
    const init = body === null ? { method } : { method, headers, body: JSON.stringify(body) };
    return (await fetch(path, init)).status;
  });
  return Promise.all(answers);
}

function post({ url }: World, key: string, mail: object): Promise<Response> {
  return fetch(`${url}/v1/send-email`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(mail),
  });
}

/** What the settings for Nodemailer say, read as its users do. */
function settingsIn(text: string) {
  const value = (name: string): string => new RegExp(`${name}: "([^"]*)"`).exec(text)?.[1] ?? "";
  const port = Number(/port: (\d+)/.exec(text)?.[1]);
  const auth = { user: value("user"), pass: value("pass") };
  expect(text).toContain("ignoreTLS: true");
  return { host: value("host"), port, secure: false, ignoreTLS: true, auth };
}
