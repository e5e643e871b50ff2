// Deleting a list in two steps (E-11, E-12; A-115…A-117).
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import document from "../../seeds/mailing-lists.json";
import { countOf, emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, ownClock, testApp, type TestApp } from "../../support/world.ts";
import { type Client, mailingListsClient } from "./client.ts";

const START = Date.UTC(2026, 10, 21, 10, 0, 0, 7);

let app: TestApp;
let client: Client;
let clock: ReturnType<typeof ownClock>;
beforeEach(async () => {
  await emptyLedger();
  clock = ownClock(START);
  app = testApp({ now: clock.now, log() {} });
  client = await mailingListsClient(app);
});

async function given(name: string): Promise<string> {
  const made = await client.data("POST", "/mailing_lists", { mailing_list: { name } });
  return `/mailing_lists/${String(made["id"])}`;
}

async function codeOf(list: string): Promise<string> {
  return String(
    (await client.data("GET", `${list}/delete_confirmation_code`))["delete_confirmation_code"],
  );
}

const confirm = (list: string, code: string) => `${list}/confirmed/${code}`;
const names = async () =>
  (await client.data<readonly { name: string }[]>("GET", "/mailing_lists")).map(({ name }) => name);

describe("the code that confirms a deletion", () => {
  it("says twice that it ends in two minutes (A-115, C-35)", async () => {
    const data = await client.data("GET", `${await given("News")}/delete_confirmation_code`);
    const code = String(data["delete_confirmation_code"]);
    expect(code).toMatch(/^[0-9a-f]{40}:\d+$/);
    const epoch = Number(code.split(":")[1]);
    expect(epoch).toBe(Math.floor((START + 120_000) / 1000));
    expect(data["delete_confirmation_expires_at"]).toBe("2026-11-21T10:02:00Z");
    expect(Date.parse(String(data["delete_confirmation_expires_at"]))).toBe(epoch * 1000);
    expect(Object.keys(data)).toEqual(Object.keys(document.delete_code.data));
  });

  it("deletes its list with everybody's place on it (A-116)", async () => {
    const [news, other] = [await given("News"), await given("Other")];
    for (const list of [news, other]) {
      const subscriber = { email: "ann@example.com" };
      await client.data("POST", `${list}/subscribers`, { subscriber });
    }
    await env.DB.prepare("insert into contact_jobs (list_id, job, created_at) values (?1, '{}', 0)")
      .bind(Number(news.split("/").at(-1)))
      .run();
    const { secret: key } = await givenKey();
    const order = { kind: "contacts", format: "csv", list: "news" };
    const ordered = await ask(app, "POST", "/v1/exports", { key, body: order });
    expect(ordered.status).toBe(202);
    await env.DB.prepare(
      `insert into imports (id, key_id, state, bytes, header, start_offset, start_line, list_id, place,
         line, created_at, expires_at)
       values ('import', 'key', 'importing', 1, '[]', 0, 0, ?1, 0, 0, 0, ?2)`,
    )
      .bind(Number(news.split("/").at(-1)), START * 2)
      .run();
    const answer = await client.ask("DELETE", confirm(news, await codeOf(news)));
    expect([answer.status, await answer.text()]).toEqual([200, JSON.stringify(document.delete)]);
    expect(await names()).toEqual(["Other"]);
    expect([await countOf("memberships"), await countOf("contact_jobs")]).toEqual([1, 0]);
    expect(await env.DB.prepare("select state from imports").first("state")).toBe("cancelled");
    const exports = await ask(app, "GET", "/v1/exports", { key });
    expect(await exports.json()).toMatchObject({ data: [] });
    expect(await client.refusal(404, "GET", `${news}/subscribers`)).toMatch(/^not_found/);
    const other2 = await client.data<readonly unknown[]>("GET", `${other}/subscribers`);
    expect(other2).toHaveLength(1);
  });

  it("works within two minutes, once, and for its own list (A-117, C-36)", async () => {
    const [news, other] = [await given("News"), await given("Other")];
    const refuses = async (list: string, code: string) => {
      const refusal = await client.refusal(422, "DELETE", confirm(list, code));
      expect(refusal).toMatch(/^validation_failed: delete_confirmation_code is not valid/);
    };
    const first = await codeOf(news);
    await refuses(other, first);
    await refuses(news, `${"0".repeat(40)}:${first.split(":")[1]}`);
    await refuses(news, first.replace(/:\d+$/, ":9999999999"));
    await refuses(news, "nonsense");
    clock.advance(121_000);
    await refuses(news, first);
    expect(await names()).toEqual(["News", "Other"]);

    const second = await codeOf(news);
    const third = await codeOf(news);
    expect(await countOf("list_delete_codes")).toBe(2);
    clock.advance(119_000);
    await client.data("DELETE", confirm(news, second));
    await refuses(news, second);
    await refuses(news, third);
    expect(await names()).toEqual(["Other"]);
    expect(await client.refusal(404, "DELETE", confirm("/mailing_lists/999", second))).toMatch(
      /^not_found/,
    );
  });

  it("deletes once, however often it comes at the same moment", async () => {
    const list = await given("News");
    const path = confirm(list, await codeOf(list));
    const answers = await Promise.all(Array.from({ length: 5 }, () => client.ask("DELETE", path)));
    const deleted = answers.filter(({ status }) => status === 200);
    expect(deleted).toHaveLength(1);
  });
});
