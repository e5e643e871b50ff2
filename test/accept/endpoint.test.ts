// endpoint(): the parts of a request are parsed in order, the first that is wrong is named by its path,
// and the handler sees parsed values only.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { endpoint, pathText, type Received } from "../../src/accept/endpoint.ts";
import { ok } from "../../src/lib/result.ts";
import type { Key } from "../../src/model/key.ts";
import { testApp } from "../support/world.ts";

const KEY: Key = {
  id: "k",
  name: "n",
  family: "kasplo",
  scopes: ["read"],
  domain: null,
  mailClass: null,
  limits: { perSecond: null, burst: null, daily: null },
  hint: "h",
  createdAt: 0,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  previousUntil: null,
};

const RECEIVED: Received = {
  params: { id: "7" },
  query: { limit: "5" },
  body: { json: { list: [{ name: "x" }] }, hash: "hash" },
  key: KEY,
  requestId: "request",
  origin: "https://api.edgepost.test",
  idempotencyKey: "once",
};

const whole = endpoint({
  method: "POST",
  path: "/things/:id",
  summary: "s",
  scope: "read",
  request: {
    params: z.object({ id: z.coerce.number("must be a number") }),
    query: z.object({ limit: z.coerce.number("must be a number").default(1) }),
    body: z.object({ list: z.array(z.object({ name: z.string("must be a text") })) }),
  },
  response: { 200: z.unknown() },
  handle: (_app, input) => Promise.resolve(ok({ status: 200, json: input })),
});

const app = testApp();

async function outcome(change: Partial<Received>): Promise<unknown> {
  const answer = await whole.run(app, { ...RECEIVED, ...change });
  return answer.ok ? answer.value : answer.error;
}

describe("endpoint", () => {
  it("hands parsed parts to the handler, and what came with them", async () => {
    expect(await outcome({ query: {} })).toMatchObject({
      status: 200,
      json: {
        params: { id: 7 },
        query: { limit: 1 },
        body: { list: [{ name: "x" }] },
        key: KEY,
        requestId: "request",
        idempotencyKey: "once",
        bodyHash: "hash",
      },
    });
  });

  it.each([
    ["id", { params: { id: "x" }, query: { limit: "x" } }],
    ["limit", { query: { limit: "x" }, body: null }],
    ["list[1].name", { body: { json: { list: [{ name: "" }, { name: 1 }] }, hash: "" } }],
    ["list", { body: { json: {}, hash: "" } }],
  ])("names %s, the first that is wrong", async (path, change) => {
    expect(await outcome(change)).toMatchObject({ kind: "invalid_field", path });
  });

  it.each([null, { json: [], hash: "" }, { json: "x", hash: "" }, { json: null, hash: "" }])(
    "calls a body that is no object malformed: %j",
    async (body) => {
      expect(await outcome({ body })).toMatchObject({ kind: "malformed_body" });
    },
  );

  it("says whether it takes a body, and gives nothing for parts it does not define", async () => {
    const bare = endpoint({
      method: "GET",
      path: "/",
      summary: "s",
      scope: "read",
      request: {},
      response: { 200: z.unknown() },
      handle: (_app, { params, query, body, bodyHash }) =>
        Promise.resolve(ok({ status: 200, json: [params, query, body, bodyHash] })),
    });
    expect([whole.takesBody, bare.takesBody]).toEqual([true, false]);
    const answer = await bare.run(app, { ...RECEIVED, body: null });
    expect(answer).toMatchObject({ value: { json: [undefined, undefined, undefined, ""] } });
  });
});

it("an operation that streams bytes is given them with their hash, and the request's own header", async () => {
  const streaming = endpoint({
    method: "POST",
    path: "/",
    summary: "s",
    scope: "send",
    streams: { type: "message/rfc822", as: "bytes" },
    request: {},
    response: { 200: z.unknown() },
    handle: (_app, { bytes, bodyHash, headers }) =>
      Promise.resolve(ok({ status: 200, json: [[...bytes], bodyHash, headers.get("X-A")] })),
  });
  expect([streaming.takesBody, streaming.streams]).toEqual([
    false,
    { type: "message/rfc822", as: "bytes" },
  ]);
  const given = { ...RECEIVED, body: null };
  const bytes = { bytes: Uint8Array.of(1, 2), hash: "h" };
  const answer = await streaming.run(app, {
    ...given,
    bytes,
    headers: new Headers({ "X-A": "b" }),
  });
  expect(answer).toMatchObject({ value: { json: [[1, 2], "h", "b"] } });
  expect(await streaming.run(app, given)).toMatchObject({ value: { json: [[], "", null] } });
});

describe("pathText", () => {
  it.each([
    [[], ""],
    [["email"], "email"],
    [["email", "recipients", "to", 0, "email"], "email.recipients.to[0].email"],
    [[0, 1, "a"], "[0][1].a"],
    [["metadata", "a.b"], "metadata.a.b"],
  ])("of %j is %j", (path, text) => {
    expect(pathText(path)).toBe(text);
  });
});
