// The journeys around what mail leaves through and what holds it back.
import { expect, it } from "vitest";
import { axe } from "./axe.ts";
import { confirm, signedIn, visit } from "./browse.ts";
import { REFUSED_DOMAIN, type World } from "./world.ts";

export function sendingJourneys(world: () => World): void {
  it("counts what was sent by mail class, says what went wrong, and leads to it", async () => {
    const { url, key } = world();
    const to = `0@${REFUSED_DOMAIN}`;
    const email = {
      from: "hello@edgepost.test",
      subject: "No",
      text: "a",
      recipients: { to: [{ email: to }] },
    };
    const sent = await fetch(`${url}/v1/send-email`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ email }),
    });
    expect(sent.status).toBe(200);
    const page = await signedIn(world());
    await visit(page, `activity?recipient=${to}&event=bounce_all`);
    await page.getByRole("cell", { name: to }).first().waitFor();
    await visit(page, "overview?period=week");
    await page.getByRole("link", { name: "marketing", exact: true }).click();
    await page.getByRole("heading", { name: "Nothing was sent in this time" }).waitFor();
    await page.getByRole("link", { name: "transactional", exact: true }).click();
    await page.waitForURL(/mail_class=transactional/);
    expect(page.url()).toContain("period=week");
    await page.getByText("The same as a table").click();
    await page.getByRole("columnheader", { name: "Unsubscribes" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type(`${sent.headers.get("x-message-id")}\n`);
    await page.getByRole("heading", { name: "No", exact: true }).waitFor();
    await page.goBack();
    await page
      .getByRole("link", { name: /^Bounced: / })
      .first()
      .click();
    await page.waitForURL(/#\/activity\?.*event=bounce/);
    await page.getByRole("cell", { name: to }).first().waitFor();
    await page.context().close();
  });

  it("adds a relay, a pool of it and a rule, and takes them away again", async () => {
    const page = await signedIn(world());
    await visit(page, "relays");
    await page.getByRole("cell", { name: "set by RELAY_URL" }).waitFor();
    await page.getByLabel("Name", { exact: true }).fill("second");
    await page.getByLabel("Host", { exact: true }).fill("127.0.0.1");
    await page.getByLabel("Port", { exact: true }).fill("2525");
    await page.getByRole("combobox", { name: "TLS" }).selectOption("none");
    await page.getByRole("button", { name: "Add the relay" }).click();
    await page.getByRole("cell", { name: "127.0.0.1:2525" }).waitFor();

    await page.getByRole("combobox", { name: "Relay", exact: true }).selectOption("second");
    await page.getByRole("combobox", { name: "Vendor" }).selectOption("postmark");
    await page
      .getByLabel(/^Password that it sends/)
      .fill("sixteen characters or more".replaceAll(" ", "-"));
    await page.getByRole("button", { name: "Take its reports" }).click();
    await page.getByRole("cell", { name: "postmark" }).waitFor();
    await page.getByText(/\/intake\//).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.getByRole("button", { name: "Take no more …" }).click();
    await confirm(page, "second", "Take no more");
    await page.getByText(/\/intake\//).waitFor({ state: "detached" });

    await page.getByLabel("Name of the pool").fill("vip");
    await page.getByRole("combobox", { name: "Kind" }).selectOption("dedicated");
    await page.getByLabel("Weight of second").fill("3");
    await page.getByRole("button", { name: "Make the pool" }).click();
    await page.getByRole("cell", { name: "second × 3" }).waitFor();

    await page.getByLabel("Tag", { exact: true }).fill("gold");
    await page.getByRole("combobox", { name: "Goes to the pool" }).selectOption("vip");
    await page.getByRole("button", { name: "Add the rule" }).click();
    await page.getByText("with the tag gold → vip").waitFor();

    await page.getByRole("button", { name: "Remove vip" }).click();
    await confirm(page, "vip", "Remove");
    await page.getByRole("alert").getByText("a rule names this pool").waitFor();
    await page.getByRole("button", { name: "Leave it" }).click();
    await page.getByRole("button", { name: "Remove: with the tag gold" }).click();
    await confirm(page, "vip", "Remove");
    await page.getByRole("button", { name: /the tag gold/ }).waitFor({ state: "detached" });
    for (const name of ["vip", "second"]) {
      await page.getByRole("button", { name: `Remove ${name}` }).click();
      await confirm(page, name, "Remove");
      await page.getByRole("button", { name: `Remove ${name}` }).waitFor({ state: "detached" });
    }
    await page.context().close();
  });

  it("shows the pace of a group, why, and its warm-up, changes it and the pool's, counts credits", async () => {
    const page = await signedIn(world());
    await visit(page, "limits");
    await page.getByRole("button", { name: "Change gmail" }).click();
    await page.getByLabel("Connections at once").fill("2");
    await page.getByLabel("Messages an hour").fill("500");
    await page.getByLabel(/^Warm up/).check();
    await page.getByRole("button", { name: "Save the pace" }).click();
    await page.getByText("The pace of gmail is changed.").waitFor();
    await page.getByRole("cell", { name: "2 (0 in use)" }).waitFor();
    await page.getByRole("cell", { name: "0 of 500" }).waitFor();
    await page.locator(".warm-up svg rect.today").waitFor();
    await page.getByText("Warm-up, gmail:").waitFor();
    await page.getByRole("button", { name: "Change gmail" }).click();
    await page.getByRole("button", { name: "Forget settings and troubles" }).click();
    await page.getByText("Warm-up, gmail:").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Change the whole pool" }).click();
    await page.getByLabel("Connections at once").fill("3");
    expect(await axe(page)).toEqual([]);
    await page.getByRole("button", { name: "Save the pace" }).click();
    await page.getByText("The pace of the whole pool is changed.").waitFor();
    await page.getByRole("cell", { name: "3 (0 in use)" }).first().waitFor();
    await page.getByRole("button", { name: "Change the whole pool" }).click();
    await page.getByLabel("Connections at once").fill("");
    await page.getByRole("button", { name: "Save the pace" }).click();
    await page.getByRole("cell", { name: "3 (0 in use)" }).first().waitFor({ state: "detached" });

    await page.getByLabel(/^Credits to grant/).fill("1000");
    await page.getByRole("button", { name: "Grant", exact: true }).click();
    await page.getByText("1000 left.").waitFor();
    await page.getByRole("button", { name: "Stop counting …" }).click();
    await confirm(page, "stop", "Stop counting");
    await page.getByText("Nobody counts them").waitFor();
    await page.getByText("per million emails").waitFor();
    await page.context().close();
  });
}
