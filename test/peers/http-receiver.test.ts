import { expect, it } from "vitest";

import { startHttpReceiver } from "./client.ts";

it("answers each request as scripted and remembers it", async () => {
  const receiver = await startHttpReceiver({
    replies: [
      { status: 302, headers: { location: "http://elsewhere.test/" } },
      { drop: "close" },
      { status: 500, body: "slow", trickle: 5, delay: 20 },
      { bodyBytes: 300_000 },
    ],
    paths: { "/own": [{ status: 429, headers: { "retry-after": "7" } }] },
  });
  try {
    const first = await fetch(`${receiver.url}/a?b=c`, {
      method: "POST",
      body: "grüße",
      headers: { "x-test": "1" },
      redirect: "manual",
    });
    expect([first.status, first.headers.get("location")]).toEqual([302, "http://elsewhere.test/"]);
    await expect(fetch(receiver.url)).rejects.toThrow(/lost/u);
    const third = await fetch(receiver.url);
    expect([third.status, await third.text()]).toEqual([500, "slow"]);
    expect((await (await fetch(receiver.url)).arrayBuffer()).byteLength).toBe(300_000);
    const own = await fetch(`${receiver.url}/own?x`);
    expect([own.status, own.headers.get("retry-after")]).toEqual([429, "7"]);
    const seen = await receiver.until(5);
    expect(seen[0]).toMatchObject({
      method: "POST",
      path: "/a?b=c",
      body: "grüße",
      headers: { "x-test": "1" },
    });
    expect(seen.map(({ path }) => path)).toEqual(["/a?b=c", "/", "/", "/", "/own?x"]);
  } finally {
    await receiver.stop();
  }
  await expect(fetch(receiver.url)).rejects.toThrow();
  expect(await receiver.requests()).toHaveLength(5);
});

it("leaves a request without an answer until it is stopped", async () => {
  const receiver = await startHttpReceiver({ replies: [{ drop: "hang" }] });
  const waiting = fetch(receiver.url).catch(() => "ended");
  await receiver.until(1);
  await receiver.stop();
  expect(await waiting).toBe("ended");
});
