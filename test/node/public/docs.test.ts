// The pure parts of the API explorer, over the document that it reads. That it is served stands in
// test/node/dev/start.test.ts.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../../dev/bootstrap.js";
import { exampleOf, operationsOf } from "../../../public/docs/openapi.js";
import { callOf, curlOf } from "../../../public/docs/request.js";

const document: unknown = JSON.parse(await readFile(join(ROOT, "docs", "openapi.json"), "utf8"));
const operations = operationsOf(document);
const ORIGIN = "https://mail.example.com";

function operation(id: string) {
  const found = operations.find((one) => one.id === id);
  if (!found) throw new Error(`no operation ${id}`);
  return found;
}

const NOTHING = { key: "", values: {}, type: "application/json", body: "" };

describe("a call", () => {
  it("has its parameters where they belong, escaped", () => {
    const values = { "path id": "a/b", "query index": "1&2" };
    const call = callOf(operation("kasplo-get-messages-by-id-raw"), { ...NOTHING, values }, ORIGIN);
    expect(call).toEqual({
      method: "GET",
      url: `${ORIGIN}/v1/messages/a%2Fb/raw?index=1%262`,
      auth: null,
      headers: [],
      body: null,
    });
  });

  it("leaves out what is empty and sends the body with its type", () => {
    const filled = { ...NOTHING, key: "k", body: "{}", values: { "header Idempotency-Key": "a" } };
    expect(callOf(operation("kasplo-post-send-email"), filled, ORIGIN)).toEqual({
      method: "POST",
      url: `${ORIGIN}/v1/send-email`,
      auth: ["Authorization", "Bearer k"],
      headers: [
        ["Content-Type", "application/json"],
        ["Idempotency-Key", "a"],
      ],
      body: "{}",
    });
  });

  it.each([
    [{ type: "http", scheme: "bearer", description: "" }, ["Authorization", "Bearer 1:ä"]],
    [{ type: "http", scheme: "basic", description: "" }, ["Authorization", "Basic MTrDpA=="]],
    [{ type: "apiKey", name: "api-key", description: "" }, ["api-key", "1:ä"]],
  ])("shows its key as %j says", (security, auth) => {
    const one = { ...operation("kasplo-get-health"), security };
    expect(callOf(one, { ...NOTHING, key: "1:ä" }, ORIGIN).auth).toEqual(auth);
  });

  it("is a command for a shell, without the key and with no way out of its quotes", () => {
    const one = operation("kasplo-post-send-email");
    const call = callOf(one, { ...NOTHING, key: "secret", body: `{"a":"it's"}` }, ORIGIN);
    expect(curlOf(call, one.security)).toBe(
      [
        `curl -i -X POST '${ORIGIN}/v1/send-email'`,
        '-H "Authorization: Bearer $API_KEY"',
        "-H 'Content-Type: application/json'",
        `--data-binary '{"a":"it'\\''s"}'`,
      ].join(" \\\n  "),
    );
  });
});

describe("an example", () => {
  it.each(operations.flatMap(({ id, bodies }) => bodies.map((body) => ({ id, ...body }))))(
    "can be made for the body of $id as $type",
    ({ schema }) => {
      expect(JSON.stringify(exampleOf(schema))).toBeDefined();
    },
  );

  it("is the schema's own where it has one", () => {
    expect(exampleOf({ type: "string", examples: ["a"] })).toBe("a");
    expect(exampleOf({ type: "integer", default: 3 })).toBe(3);
    expect(exampleOf({ anyOf: [{ type: "array", items: { type: "boolean" } }] })).toEqual([false]);
  });
});
