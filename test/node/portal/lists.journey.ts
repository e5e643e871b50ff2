// The journeys around lists, contacts and files of them.
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { axe } from "./axe.ts";
import { confirm, signedIn, visit } from "./browse.ts";
import type { World } from "./world.ts";

const CSV = [
  "mail,given,city,note",
  "ann@example.com,Ann,Rome,x",
  "bob@example.com,Bob,Oslo,x",
  "no address,Cy,Bonn,x",
  "",
].join("\r\n");

export function listsJourneys(world: () => World): void {
  it("makes a list, imports a CSV into it with a mapping, and shows its contacts", async () => {
    const page = await signedIn(world());
    await visit(page, "fields");
    await page.getByLabel("Name of the field").fill("City");
    await page.getByRole("button", { name: "Make the field" }).click();
    await page.getByRole("cell", { name: "City", exact: true }).waitFor();
    await page.getByLabel("Name of the tag").fill("spring");
    await page.getByRole("button", { name: "Make the tag" }).click();
    await page.getByRole("cell", { name: "spring", exact: true }).waitFor();

    await visit(page, "lists");
    await page.getByLabel("Name", { exact: true }).fill("Readers");
    await page.getByRole("button", { name: "Make the list" }).click();
    await page.getByRole("heading", { name: "Nobody is on it" }).waitFor();

    await page.getByRole("link", { name: "Import a CSV into it" }).click();
    const file = { name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(CSV) };
    await page.getByLabel("File").setInputFiles(file);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByRole("cell", { name: "ann@example.com", exact: true }).waitFor();
    const column = (name: string) => page.getByRole("combobox", { name: `Column ${name}` });
    await column("mail").selectOption("email");
    await column("given").selectOption("first_name");
    await column("city").selectOption("custom_fields.City");
    await column("note").selectOption("");
    await page.getByLabel("Give the tag spring").check();
    expect(await axe(page)).toEqual([]);
    await page.getByRole("button", { name: "Try it, write nothing" }).click();
    await page.getByText("3 rows: 2 new, 0 known, 1 refused.").waitFor();
    await page.getByText("checked", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.getByText("done", { exact: true }).waitFor();
    await page.getByRole("cell", { name: "no address, Cy, Bonn, x" }).waitFor();
    expect(await axe(page)).toEqual([]);

    await visit(page, "lists");
    await page.getByRole("link", { name: "Readers" }).click();
    await page.getByRole("cell", { name: "City: Rome" }).waitFor();
    await page.getByLabel("How bob@example.com stands to this list").selectOption("unsubscribed");
    await page.getByText("bob@example.com is unsubscribed.").waitFor();

    await page.getByRole("link", { name: "ann@example.com", exact: true }).click();
    await page.getByRole("heading", { name: "ann@example.com", exact: true }).waitFor();
    expect(await page.getByLabel("Tag spring").isChecked()).toBe(true);
    await page.getByLabel("City", { exact: true }).fill("Milan");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    await page.getByLabel("How it stands to Readers").selectOption("deactivated");
    await page.getByText("It is deactivated on Readers.").waitFor();
    await visit(page, "contacts");
    await page.getByLabel("Whole address").fill("ann@example.com");
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("heading", { name: "ann@example.com", exact: true }).waitFor();
    expect(await page.getByLabel("City", { exact: true }).inputValue()).toBe("Milan");
    await page.context().close();
  });

  it("asks of a new contact what is required, changes it, and takes it off its list", async () => {
    const page = await signedIn(world());
    await visit(page, "fields");
    await page.getByLabel("Name of the field").fill("Colours");
    await page.getByLabel("Type").selectOption("select_multiple_checkboxes");
    await page.getByLabel("Choices, with commas between them").fill("red, green, blue");
    await page.getByLabel("Required of every new contact").check();
    await page.getByRole("button", { name: "Make the field" }).click();
    await page.getByRole("cell", { name: "Colours", exact: true }).waitFor();

    await visit(page, "lists?name=Read");
    await page.getByRole("link", { name: "Readers" }).click();
    await page.getByLabel("Address", { exact: true }).fill("dee@example.com");
    await page.getByRole("button", { name: "Add the contact" }).click();
    await page.getByRole("alert").getByText("Custom field Colours is required").waitFor();
    await page.getByLabel("red").check();
    await page.getByLabel("blue").check();
    await page.getByText("More fields and tags").click();
    await page.getByLabel("City", { exact: true }).fill("Turin");
    await page.getByLabel("Tag spring").check();
    await page.getByRole("button", { name: "Add the contact" }).click();
    await page.getByRole("cell", { name: "City: Turin; Colours: red, blue" }).waitFor();
    await page.getByRole("link", { name: "dee@example.com" }).click();
    await page.getByRole("heading", { name: "dee@example.com", exact: true }).waitFor();
    await page.getByLabel("red").uncheck();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    expect(await page.getByLabel("blue").isChecked()).toBe(true);
    expect(await page.getByLabel("Tag spring").isChecked()).toBe(true);
    await page.getByRole("button", { name: "Take it off Readers" }).click();
    await confirm(page, "Readers", "Take it off");
    await page.getByText("It is on none.").waitFor();
    await page.getByLabel("Another list").selectOption("Readers");
    await page.getByRole("button", { name: "Put it on the list" }).click();
    await page.getByText("It is on the list.").waitFor();
    await page.getByRole("button", { name: "Take it off Readers" }).waitFor();

    await visit(page, "fields");
    await page.getByRole("button", { name: "Change Colours" }).click();
    const change = page.getByRole("form", { name: "Change Colours" });
    await change.getByLabel("Name").fill("Hues");
    await change.getByLabel("Choices, with commas between them").fill("red, blue");
    await change.getByLabel(/^In use/).uncheck();
    expect(await axe(page)).toEqual([]);
    await change.getByRole("button", { name: "Save" }).click();
    const row = page.getByRole("row").filter({ hasText: "Hues" });
    await row.getByRole("cell", { name: "inactive" }).waitFor();
    await row.getByRole("cell", { name: "red, blue" }).waitFor();
    await row.getByRole("button", { name: "Delete Hues" }).click();
    await confirm(page, "Hues", "Delete");
    await page.getByText("Hues is gone.").waitFor();
    await page.context().close();
  });

  it("orders an export, sees it made, and downloads it", async () => {
    const page = await signedIn(world());
    await visit(page, "lists");
    await page.getByRole("link", { name: "Readers" }).click();
    await page.getByRole("link", { name: "Export it" }).click();
    await page.getByRole("button", { name: "Order", exact: true }).click();
    const waiting = page.waitForEvent("download");
    await page.getByRole("link", { name: /^Download \(/ }).click();
    const download = await waiting;
    const text = await readFile(await download.path(), "utf8");
    expect(text).toContain("ann@example.com");
    expect(text).toContain("Milan");
    await page.getByRole("button", { name: "Delete …" }).click();
    await confirm(page, "contacts.csv", "Delete");
    await page.getByRole("heading", { name: "No export yet" }).waitFor();
    await page.context().close();
  });
}
