// docs/openapi.json judged by somebody else. That it is what the Worker answers is seen in
// test/accept/openapi.test.ts: the validator makes code from schemas, which workerd forbids.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, it } from "vitest";
import * as z from "zod";
import { ROOT } from "../../../dev/bootstrap.js";

const documentSchema = z.looseObject({ paths: z.record(z.string(), z.unknown()) });

it("is valid OpenAPI 3.1 (A-089)", async () => {
  const text = await readFile(join(ROOT, "docs", "openapi.json"), "utf8");
  const document = documentSchema.parse(JSON.parse(text));
  const { valid, errors } = await new Validator().validate(document);
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  expect(Object.keys(document.paths)).toContain("/v1/send-email");
});
