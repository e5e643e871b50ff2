import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { uuidv7 } from "../../src/lib/id.ts";
import { collectOrphans } from "../../src/queue/orphans.ts";
import { sweep } from "../../src/queue/sweep.ts";
import { ask, email, givenDomain, givenKey, testApp } from "../support/world.ts";

const HOUR = 60 * 60 * 1000;

async function givenObject(time: number): Promise<string> {
  const key = `content/${uuidv7(time)}/${crypto.randomUUID()}`;
  await env.CONTENT.put(key, "x");
  return key;
}

it("deletes contents that no message owns, only once they are 24 h old", async () => {
  const app = testApp();
  const now = app.now();
  const young = await givenObject(now - 23 * HOUR);
  const orphans = [await givenObject(now - 24.5 * HOUR), await givenObject(now - 25.5 * HOUR)];
  expect(await collectOrphans(app)).toBe(2);
  expect(await env.CONTENT.head(young)).not.toBeNull();
  for (const key of orphans) expect(await env.CONTENT.head(key)).toBeNull();
});

it("leaves the content of a message alone, however old", async () => {
  await givenDomain("edgepost.test");
  const { secret: key } = await givenKey();
  const then = Date.now() - 25 * HOUR;
  const accepting = testApp({ now: () => then, newId: () => uuidv7(then) });
  const body = email({ text: "x".repeat(40_000) });
  const answer = await ask(accepting, "POST", "/v1/send-email", { key, body });
  expect(answer.status).toBe(200);
  expect(await collectOrphans(testApp())).toBe(0);
  const id = answer.headers.get("X-Message-Id");
  const { objects } = await env.CONTENT.list({ prefix: `content/${id}/` });
  expect(objects).toHaveLength(1);
});

it("is part of the sweep, once an hour", async () => {
  const at = Date.UTC(2026, 10, 21, 12, 17);
  const orphan = await givenObject(at - 25 * HOUR);
  await sweep(testApp({ now: () => at - 60_000 }));
  expect(await env.CONTENT.head(orphan)).not.toBeNull();
  await sweep(testApp({ now: () => at }));
  expect(await env.CONTENT.head(orphan)).toBeNull();
});
