// Payloads wherever somebody may write around contacts: names of lists, tags, fields and columns, names and values of
// contacts, cells and names of files. First through the API, then opened in the portal.
import type { Page } from "playwright-core";
import { expect } from "vitest";
import * as z from "zod";
import { visit } from "./browse.ts";
import { PAYLOADS } from "./payloads.ts";
import type { World } from "./world.ts";

/** Requests at a time, and columns of the file that is imported. */
const TOGETHER = 8;
const COLUMNS = 30;
/** Refused rows that the API shows. */
const ROWS = 20;

const idSchema = z.object({ data: z.object({ id: z.union([z.number(), z.string()]) }) });

/** What has payloads in it, by its id. */
export type Audience = {
  readonly list: string;
  readonly contacts: readonly string[];
};

export async function writeAudience(world: World): Promise<Audience> {
  const lists = await each((name) => post(world, "lists", { name }));
  const [list = ""] = lists;
  const tags = await each((name) => post(world, "tags", { name }));
  await each((name) => post(world, "custom-fields", { name, type: "string" }));
  const contacts = await each((payload, index) =>
    post(world, "contacts", {
      email: `stranger-${index}@example.com`,
      first_name: payload,
      last_name: payload,
      custom_fields: { [payload]: payload },
      list_id: list,
      tags: [tags[index]],
    }),
  );
  const some = lists.slice(0, TOGETHER);
  const order = { kind: "contacts", format: "csv" };
  await Promise.all(some.map((list) => post(world, "exports", { ...order, list })));
  return { list, contacts };
}

/** Opens all of it, and imports a file of payloads through the forms. */
export async function openAudience(page: Page, { list, contacts }: Audience): Promise<void> {
  await visit(page, "lists");
  await showAll(page);
  // They are shown, as text.
  const names = await page.locator("td[data-name=List]").allTextContents();
  expect(names).toEqual(expect.arrayContaining([...PAYLOADS]));
  await visit(page, `lists/${list}`);
  await showAll(page);
  const firsts = await page.locator("td[data-name='First name']").allTextContents();
  expect(firsts).toEqual([...PAYLOADS]);
  await page.getByRole("button", { name: "Delete …" }).click();
  await page.getByRole("button", { name: "Leave it" }).click();
  await visit(page, "fields");
  await showAll(page);
  await visit(page, "contacts");
  await showAll(page);
  for (const id of contacts) {
    await visit(page, `contacts/${id}`);
    await page.getByRole("heading", { name: /^stranger-/ }).waitFor();
  }
  await visit(page, "exports");
  await importPayloads(page);
}

async function importPayloads(page: Page): Promise<void> {
  await visit(page, "imports");
  const name = `${PAYLOADS[0]?.replaceAll("/", " ")}.csv`;
  const file = { name, mimeType: "text/csv", buffer: Buffer.from(csv()) };
  await page.getByLabel("File").setInputFiles(file);
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await page.getByRole("button", { name: "Try it, write nothing" }).click();
  await page.getByText("checked", { exact: true }).waitFor();
  await page.getByText(`${ROWS} rows: 0 new, 0 known, ${ROWS} refused.`).waitFor();
  const rows = await page.locator("td[data-name=Row]").allTextContents();
  for (const payload of PAYLOADS) expect(rows.some((row) => row.includes(payload))).toBe(true);
  await visit(page, "imports");
}

/** Names of columns, and rows that have no address: each payload is in one of them. */
function csv(): string {
  const header = ["email", ...PAYLOADS.slice(0, COLUMNS)];
  const rows = Array.from({ length: ROWS }, (_, row) =>
    header.map((_name, column) => PAYLOADS[(row * header.length + column) % PAYLOADS.length] ?? ""),
  );
  const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
  return [header, ...rows].map((cells) => `${cells.map(quoted).join(",")}\r\n`).join("");
}

/** Asks for older rows, in each table, until there are none. */
async function showAll(page: Page): Promise<void> {
  const older = page.getByRole("button", { name: "Older" });
  while ((await older.count()) > 0) {
    const before = await page.locator("tbody tr").count();
    await older.first().click();
    await expect.poll(() => page.locator("tbody tr").count()).toBeGreaterThan(before);
  }
}

/** Asks once for each payload, some at a time; the answers in their order. */
async function each(
  ask: (payload: string, index: number) => Promise<string>,
): Promise<readonly string[]> {
  const answers: string[] = [];
  for (let start = 0; start < PAYLOADS.length; start += TOGETHER) {
    const some = PAYLOADS.slice(start, start + TOGETHER);
    answers.push(...(await Promise.all(some.map((one, index) => ask(one, start + index)))));
  }
  return answers;
}

async function post({ url, key }: World, path: string, body: object): Promise<string> {
  const response = await fetch(`${url}/v1/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.ok, await response.clone().text()).toBe(true);
  return String(idSchema.parse(await response.json()).data.id);
}
