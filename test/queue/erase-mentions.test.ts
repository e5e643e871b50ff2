// Every byte of an erased address (I12), and not one of anybody else.
import PostalMime from "postal-mime";
import { consume } from "../../src/queue/consume.ts";
import { describe, expect, it } from "vitest";
import { givenCanary, personalColumns, QUOTING, whereCanaryStands } from "../support/canary.ts";
import { countOf, events } from "../support/ledger.ts";
import { ask } from "../support/world.ts";

import { eraseWorld } from "../support/erase-world.ts";

const { given, native, erase, stateOf, finish, shown } = eraseWorld();

describe("an erasure", () => {
  it("leaves no byte of the address, in no spelling, in no place", async () => {
    const world = await given(QUOTING);
    const { queue } = world;
    await givenCanary(world, queue);
    const places = await whereCanaryStands();
    // Every column in which it stood is marked in schema.sql, and it stood in every one that is.
    expect(places.filter((place) => /^\w+\.\w+$/.test(place))).toEqual(
      personalColumns().toSorted(),
    );
    expect(places.filter((place) => place.startsWith("r2 ")).length).toBe(3);
    await erase();
    expect([await stateOf(), await countOf("deliveries")]).toEqual(["running", 6]);
    await finish();
    expect(await whereCanaryStands()).toEqual([]);
    expect(await stateOf()).toBe("done");
    expect(world.logged).not.toContain("erase_failed");
  });

  it("leaves others' mail whole: their deliveries, events, texts and files", async () => {
    const world = await given();
    const { queue } = world;
    const { app, key } = world;
    const { shared, alone, large, mime, other } = await givenCanary(world, queue);
    await erase();
    await finish();
    expect(await shown(shared)).toMatchObject([
      { email: "bob@example.com", state: "delivered", attempts: [{ result: "success" }] },
      {
        click_tracking_id: `${shared}:1`,
        email: null,
        erased: true,
        state: "delivered",
        attempts: [],
      },
    ]);
    expect((await events()).filter(({ messageId }) => messageId === shared)).toMatchObject([
      { position: 0, email: "bob@example.com", name: "delivery_attempt" },
    ]);
    const raw = await ask(app, "GET", `/v1/messages/${shared}/raw?index=0`, { key });
    const mail = await PostalMime.parse(await raw.arrayBuffer());
    expect([mail.to, mail.cc, mail.subject]).toMatchObject([
      [{ address: "bob@example.com", name: "Bob" }],
      undefined,
      "To both, [erased]",
    ]);
    expect([mail.text?.trim(), mail.attachments[0]?.filename]).toEqual([
      "hello [erased]",
      "[erased].csv",
    ]);
    const csv = new TextDecoder().decode(bytesOfAttachment(mail.attachments[0]?.content));
    expect(csv).toBe("a,b\nxxxxxx.xxxx@xxxxxxx.xxx,x\n");
    const made = await ask(app, "GET", `/v1/messages/${mime}/raw?index=0`, { key });
    const read = await PostalMime.parse(await made.arrayBuffer());
    const form = "xxxxxx.xxxx@xxxxxxx.xxx";
    expect([
      read.to?.map(({ address }) => address),
      read.text?.trim(),
      read.html?.split("<")[0],
    ]).toEqual([
      [form, "bob@example.com"],
      "to xxxxxx.xxxxxxxxxxxxxx.xxx",
      `${"much ".repeat(60)}${form}`,
    ]);
    const about = await native<{ subject: string }>("GET", `/v1/messages/${other}`);
    expect(about.subject).toBe("About [erased]");

    // Nobody is left who was sent these: their contents are gone, what is counted is not.
    for (const id of [alone, large]) {
      const gone = await ask(app, "GET", `/v1/messages/${id}/raw`, { key });
      expect([gone.status, (await shown(id)).length]).toEqual([404, 1]);
    }
    const listed = await ask(app, "GET", "/v1/messages?limit=100", { key });
    const { data } = await listed.json<{ data: { id: string; states: unknown }[] }>();
    expect(data.find(({ id }) => id === shared)?.states).toEqual({ delivered: 1, erased: 1 });
    const again = await native<{ id: string }>(
      "POST",
      `/v1/messages/${shared}/resend`,
      undefined,
      201,
    );
    expect((await shown(again.id)).map(({ email }) => email)).toEqual(["bob@example.com"]);
    const erased = await ask(app, "GET", `/v1/messages/${shared}/raw?index=1`, { key });
    expect(erased.status).toBe(404);
  });

  it("never touches an address that another one ends or begins with", async () => {
    const near = [
      "jo.canary.bird@example.com",
      "canary.bird@example.com.au",
      "xcanary.bird@example.com",
    ];
    const world = await given();
    const id = await world.send(near, { text: `Hello ${near.join(" ")}` });
    await consume(world.app);
    await erase();
    await finish();
    expect((await shown(id)).map(({ email }) => email)).toEqual(near);
    const raw = await ask(world.app, "GET", `/v1/messages/${id}/raw`, { key: world.key });
    const { text } = await PostalMime.parse(await raw.arrayBuffer());
    expect(text?.trim()).toBe(`Hello ${near.join(" ")}`);
  });
});

function bytesOfAttachment(content: ArrayBuffer | Uint8Array | string | undefined): Uint8Array {
  if (content === undefined) throw new Error("there is no attachment");
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}
