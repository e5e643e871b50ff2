// What a list adds to mail that names it: its header fields and the tags of its links, on the wire.
import { env } from "cloudflare:workers";
import PostalMime from "postal-mime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newHexId } from "../../src/model/list.ts";
import type { ListSettings } from "../../src/model/list-settings.ts";
import { consume } from "../../src/queue/consume.ts";
import { writeContacts } from "../../src/store/contact-write.ts";
import { insertList } from "../../src/store/list.ts";
import { bytesOf } from "../peers/client.ts";
import { queueWorld, type QueueWorld } from "../support/queue-world.ts";
import { follow, tracking } from "../support/tracking.ts";
import { ask, email } from "../support/world.ts";

let world: QueueWorld;
beforeEach(async () => {
  world = await queueWorld({}, tracking());
});
afterEach(() => world.stop());

async function given(settings: Partial<ListSettings>): Promise<number> {
  const list = { listId: newHexId(), name: "News", settings, createdAt: 0 };
  return (await insertList(env.DB, list))?.id ?? 0;
}

const ANALYTICS = {
  tracking_id: "UA-123456789-11",
  source: "newsletter",
  restrict_to_domain_list: true,
  domain_list: ["Example.com"],
};

const LINKS = '<a href="https://example.com/a?b=1">in</a> <a href="https://other.com/">out</a>';

/** Sends one mail to a list and answers what arrives. */
async function mailed(change: Record<string, unknown> = {}, to = ["ann@example.com"]) {
  const metadata = { listId: "news", sendId: "july" };
  await world.send(to, { html: LINKS, metadata, ...change });
  await consume(world.app);
  const { messages } = await world.peer.log();
  return Promise.all(messages.map(({ content }) => PostalMime.parse(bytesOf(content))));
}

/** Where the links of an HTML lead. */
async function targets(html: string | undefined): Promise<readonly (string | null)[]> {
  const hrefs = [...(html ?? "").matchAll(/href="([^"]+\/c\/[^"]+)"/g)].map(([, url]) => url ?? "");
  const answers = await Promise.all(hrefs.map((url) => follow(world.app, url)));
  return answers.map((answer) => answer.headers.get("Location"));
}

describe("mail that names a list", () => {
  it("has its custom headers (A-109), but for those that the sender set", async () => {
    await given({ custom_headers_enabled: true, custom_headers: "X-Foo: bar\nX-Own: list's\n" });
    const [mail] = await mailed({ headers: { "x-own": "mine" } });
    const added = mail?.headers.filter(({ key }) => key === "x-foo" || key === "x-own");
    expect(added?.map(({ key, value }) => [key, value])).toEqual([
      ["x-own", "mine"],
      ["x-foo", "bar"],
    ]);
  });

  it("names it with spaces and in any case", async () => {
    const headers = { custom_headers_enabled: true, custom_headers: "X-Foo: bar" };
    const list = { listId: newHexId(), name: "My Mailing List", settings: headers, createdAt: 0 };
    await insertList(env.DB, list);
    const [mail] = await mailed({ metadata: { listId: "MY mailing list" } });
    expect(mail?.headers.some(({ key }) => key === "x-foo")).toBe(true);
  });

  it("has none while they are switched off, and none of another list", async () => {
    await given({ custom_headers: "X-Foo: bar\n" });
    const [named, other] = [
      ...(await mailed()),
      ...(await mailed({ metadata: { listId: "other" } })),
    ];
    for (const mail of [named, other]) {
      expect(mail?.headers.some(({ key }) => key === "x-foo")).toBe(false);
    }
  });

  it("has the tags in links to the hosts of its list, and only there (A-114)", async () => {
    const list = await given({ google_analytics: ANALYTICS });
    const person = { email: "ann@example.com", firstName: null, lastName: null };
    const none = { all: {}, list: {} };
    await env.DB.batch(
      writeContacts(env.DB, {
        listId: list,
        defaults: none,
        contacts: [{ ...person, fields: none }],
        update: false,
        tagIds: [],
        now: 0,
        guard: { sql: "true", parameters: [] },
      }),
    );
    const subscriber = await env.DB.prepare("select id from contacts").first<number>("id");
    const [mail] = await mailed();
    const [tagged, plain] = await targets(mail?.html);
    expect(plain).toBe("https://other.com/");
    expect(tagged).toBe(
      `https://example.com/a?b=1&utm_source=newsletter&utm_medium=email&utm_content=subscriber_id:${subscriber}&utm_campaign=july`,
    );
  });

  it("tags every host where the list names none; who is no subscriber is a delivery", async () => {
    await given({ google_analytics: { ...ANALYTICS, restrict_to_domain_list: false } });
    const metadata = { listId: "news", mailClass: "marketing" };
    const [mail] = await mailed({ metadata });
    const all = (await targets(mail?.html)).map((target) => new URL(target ?? "").searchParams);
    expect(all.map((query) => query.get("utm_campaign"))).toEqual([
      "marketing261121",
      "marketing261121",
    ]);
    expect(all[0]?.get("utm_content")).toMatch(/^subscriber_id:[0-9a-f-]{36}:0$/);
  });

  it("is shown with all of it by a dry run", async () => {
    await given({ custom_headers_enabled: true, custom_headers: "X-Foo: bar" });
    const body = { ...email(), metadata: { listId: "news" } };
    const path = "/v1/send-email?dry_run=true";
    const answer = await ask(world.app, "POST", path, { key: world.key, body });
    expect(await answer.text()).toContain("X-Foo: bar\\r\\n");
  });
});
