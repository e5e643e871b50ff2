// The journeys of who has more tags and lists than somebody sees at a glance.
import { expect, it } from "vitest";
import * as z from "zod";
import { signedIn, visit } from "./browse.ts";
import type { World } from "./world.ts";

const COUNT = 130;

/** Changes of an account that are made at once. */
const AT_ONCE = 10;

export function choicesJourneys(world: () => World): void {
  it("finds the last of many tags, gives it to a contact, and keeps what is not offered", async () => {
    const names = Array.from({ length: COUNT }, (_, row) => `group ${row + 1}`);
    const tags = await each(names, (name) => make(world(), "/v1/tags", { name }));
    const list = await make(world(), "/v1/lists", { name: "Many tags" });
    const resting = tags[0] ?? "";
    const email = "many@example.com";
    await make(world(), "/v1/contacts", { email, list_id: list, tags: [resting] });
    await ask(world(), "PATCH", `/v1/tags/${resting}`, { status: "inactive" });

    const page = await signedIn(world());
    await visit(page, `contacts/${email}`);
    await page.getByText("1 more, at rest or not offered here, stay").waitFor();
    const find = page.getByLabel("Find among tags");
    await find.fill("GROUP 130");
    await page.getByText(/^1 of \d+ fit/).waitFor();
    await page.getByLabel("Tag group 130").check();
    await find.fill("group 12");
    expect(await page.getByLabel("Tag group 130").isChecked()).toBe(true);
    await find.press("Enter");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    const said = await ask(world(), "GET", `/v1/contacts/${email}`);
    const { data } = z.object({ data: z.object({ tags: z.array(z.string()) }) }).parse(said);
    expect(new Set(data.tags)).toEqual(new Set([resting, tags.at(-1)]));

    await page.route("**/v1/tags?*", async (route) => {
      const row = Number(new URL(route.request().url()).searchParams.get("cursor") ?? 0);
      const rows = Array.from({ length: 100 }, (_, at) => ({ id: `t${row + at}`, name: "one" }));
      await route.fulfill({ json: { data: rows, next_cursor: String(row + 100) } });
    });
    await visit(page, `lists/${list}`);
    await page.getByText("More fields and tags").click();
    await page.getByText("There are more tags than are offered here").waitFor();
    await page.context().close();
    await each(tags, (id) => ask(world(), "DELETE", `/v1/tags/${id}`));
    await ask(world(), "DELETE", `/v1/contacts/${email}`);
    await ask(world(), "DELETE", `/v1/lists/${list}`);
  });
}

async function each<T>(
  all: readonly string[],
  act: (one: string) => Promise<T>,
): Promise<readonly T[]> {
  const done: T[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    done.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(act))));
  }
  return done;
}

const madeSchema = z.object({ data: z.object({ id: z.coerce.string() }) });

async function make(world: World, path: string, body: object): Promise<string> {
  return madeSchema.parse(await ask(world, "POST", path, body)).data.id;
}

async function ask(
  { url, key }: World,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  expect(response.ok, `${method} ${path}: ${text}`).toBe(true);
  return text === "" ? null : JSON.parse(text);
}
