// People and their passwords: who forgot theirs gets a link by mail, whoever asks learns nothing; second factors.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { codeAt, stepAt } from "../../../src/lib/totp.ts";
import { secretBytes } from "../../../src/model/second-factor.ts";
import { axe } from "./axe.ts";
import { confirm, signedIn, signIn, visit, WAIT_MS } from "./browse.ts";
import { givenPerson } from "./person.ts";
import type { World } from "./world.ts";

const EMAIL = "forgetful@people.test";
const PASSWORD = "correct horse battery";

/** The link to choose a password that was mailed to an address last, once `than` it is another. */
export async function linkTo(world: World, email: string, than = ""): Promise<string> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(100)) {
    const mail = world.mails().findLast((text) => text.includes(email)) ?? "";
    const text = mail.replaceAll("=\r\n", "").replaceAll("=3D", "=");
    const link = /http:\S+#\/invitation\/\S+/.exec(text)?.[0] ?? "";
    if (link !== "" && link !== than) return link;
  }
  throw new Error(`no link was mailed to ${email}`);
}

export function peopleJourneys(world: () => World): void {
  it("mails a link to who forgot their password, and says the same to who is nobody", async () => {
    const boss = await signedIn(world());
    const headers = { "Content-Type": "application/json" };
    const body = { email: EMAIL, name: "For Getful", role: "support" };
    const made = await boss.request.post(`${world().url}/v1/users`, {
      data: body,
      headers: { ...headers, Origin: world().url },
    });
    expect(made.status()).toBe(201);
    const first = await linkTo(world(), EMAIL);

    const page = await (await world().browser.newContext()).newPage();
    page.setDefaultTimeout(WAIT_MS);
    const { url } = world().portal;
    const choose = async (link: string, password: string): Promise<void> => {
      await page.goto("about:blank");
      await page.goto(link);
      await page.getByLabel("Password").fill(password);
      expect(await axe(page)).toEqual([]);
      await page.getByRole("button", { name: "Keep it" }).click();
      await page.getByText(`Sign in as ${EMAIL}`).waitFor();
    };
    await choose(first, PASSWORD);
    for (const email of ["nobody@people.test", EMAIL]) {
      await page.goto("about:blank");
      await page.goto(url);
      await page.getByRole("button", { name: "Forgot password?" }).click();
      await page.getByLabel("Email").fill(email);
      expect(await axe(page)).toEqual([]);
      await page.getByRole("button", { name: "Mail me a link" }).click();
      await page.getByText(`If ${email} may sign in here, a link is on its way.`).waitFor();
    }
    const second = await linkTo(world(), EMAIL, first);
    expect(world().mails().join("")).not.toContain("nobody@people.test");
    await choose(second, "another horse battery");
    await signIn(page, { url, email: EMAIL, password: "another horse battery" });
    await page.getByRole("heading", { name: "Overview" }).waitFor();

    // Whoever reads messages does not read the link.
    await visit(boss, "activity");
    const raw = await boss.evaluate(
      `fetch("/v1/messages?recipient=${EMAIL}").then((answer) => answer.json()).then(({ data }) =>
        fetch("/v1/messages/" + data[0].id + "/raw")).then((answer) => answer.text())`,
    );
    expect(raw).toContain("[only the recipient can read this]");
    expect(raw).not.toContain("#/invitation");
    await page.context().close();
    await boss.context().close();
  });

  it("turns a second factor on, asks for its code at the log-in, and lets an admin take it away", async () => {
    const person = await givenPerson(world(), { role: "support" });
    const page = await signedIn({ ...world(), portal: person });
    await visit(page, "you");
    const card = page.getByRole("region", { name: "Second factor" });
    await card.getByLabel("Your password").fill(person.password);
    await card.getByRole("button", { name: "Set it up" }).click();
    await card.locator("code").first().waitFor();
    expect(await axe(page)).toEqual([]);
    const secret = (await card.locator("code").first().textContent()) ?? "";
    const bytes = secretBytes(secret);
    const code = (drift: number) => codeAt(bytes, stepAt(Date.now()) + drift);
    await card.getByLabel("Code that the app shows").fill(await code(-1));
    await card.getByRole("button", { name: "Turn it on" }).click();
    const recovery = (await card.getByRole("listitem").first().textContent()) ?? "";
    await card.getByText("10 recovery codes are left.").waitFor();

    const there = await (await world().browser.newContext()).newPage();
    there.setDefaultTimeout(WAIT_MS);
    const signInWith = async (shown: string): Promise<void> => {
      await there.goto("about:blank");
      await signIn(there, person);
      await there.getByLabel("Code of your authenticator app").fill(shown);
      expect(await axe(there)).toEqual([]);
      await there.getByRole("button", { name: "Sign in" }).click();
      await there.getByRole("heading", { name: "Overview" }).waitFor();
      await there.getByRole("button", { name: "Sign out" }).click();
      await there.getByLabel("Password").waitFor();
    };
    await signInWith(await code(1));
    await signInWith(recovery);

    const boss = await signedIn(world());
    await visit(boss, `team/${person.id}`);
    await boss.getByRole("button", { name: "Take the second factor away" }).click();
    await confirm(boss, person.email, "Take it away");
    await boss.getByText("It is taken away.").waitFor();
    await signIn(there, person);
    await there.getByRole("heading", { name: "Overview" }).waitFor();
    for (const one of [page, there, boss]) await one.context().close();
  });
}
