// A message that came as MIME takes the same way through the queue as any other: one fetch and one copy for all
// recipients, deferred and tried again with the same bytes, resent, and purged with its content (D1 and R2).
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromUtf8 } from "../../src/lib/bytes.ts";
import { consume } from "../../src/queue/consume.ts";
import { purgeBlobs } from "../../src/queue/purge.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { bytesOf } from "../peers/client.ts";
import { countOf, drain, states } from "../support/ledger.ts";
import { blobsLeft, DAY, emptyBlobs } from "../support/past.ts";
import { type QueueWorld, queueWorld } from "../support/queue-world.ts";
import { headerWith, mime, postRaw } from "../support/raw.ts";
import { ask } from "../support/world.ts";

let reads = 0;
const blobs = new Proxy(env.CONTENT, {
  get(target, name) {
    if (name === "get") reads += 1;
    const value: unknown = Reflect.get(target, name);
    return typeof value === "function" ? value.bind(target) : value;
  },
});

let world: QueueWorld;
beforeEach(async () => {
  await emptyBlobs();
  reads = 0;
});
afterEach(() => world.stop());

const SMALL = mime(headerWith("Date: x", "Message-ID: <a@b.test>"));
const LARGE = mime(
  headerWith("Date: x", "Message-ID: <a@b.test>"),
  Array.from({ length: 1_000 }, () => "x".repeat(70)),
);
const TO = { "X-Envelope-To": "a@example.com,b@example.com,c@example.com" };

async function posted(message: string): Promise<string> {
  const answer = await postRaw(world.app, world.key, message, TO);
  expect(answer.status).toBe(200);
  return answer.headers.get("X-Message-Id") ?? "";
}

async function contents(): Promise<readonly string[]> {
  const { messages } = await world.peer.log();
  return messages.map(({ content }) => fromUtf8(bytesOf(content)));
}

describe.each([
  ["D1", SMALL],
  ["R2", LARGE],
])("a raw message whose content is in %s", (place, message) => {
  it("is fetched once and the same for every recipient", async () => {
    world = await queueWorld({}, { blobs });
    await posted(message);
    expect((await blobsLeft()).length).toBe(place === "R2" ? 1 : 0);
    await consume(world.app);
    expect(await contents()).toEqual([message, message, message]);
    expect(reads).toBe(place === "R2" ? 1 : 0);
  });

  it("is tried again with the same bytes after a deferral", async () => {
    const rule = { at: "dot", times: 2, do: { reply: "451 4.3.0 later" } } as const;
    world = await queueWorld({ rules: [rule] });
    await posted(message);
    await drain(world.app, world.clock);
    expect(await states()).toEqual({ delivered: 3 });
    expect(new Set(await contents())).toEqual(new Set([message]));
  });

  it("is resent until its content is purged, and then gone without a trace", async () => {
    world = await queueWorld();
    const id = await posted(message);
    await drain(world.app, world.clock);
    const path = `/v1/messages/${id}`;
    const asked = (method: string, what: string) =>
      ask(world.app, method, `${path}/${what}`, { key: world.key });
    expect((await asked("POST", "resend")).status).toBe(201);
    await drain(world.app, world.clock);
    expect(await contents()).toHaveLength(6);
    world.clock.advance(8 * DAY);
    await sweep(world.app);
    await purgeBlobs(world.app);
    expect([await countOf("contents"), await blobsLeft()]).toEqual([0, []]);
    expect([(await asked("GET", "raw")).status, (await asked("POST", "resend")).status]).toEqual([
      404, 404,
    ]);
    world.clock.advance(60 * DAY);
    await sweep(world.app);
    expect(await countOf("messages")).toBe(0);
  });
});
