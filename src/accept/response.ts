// What an operation answers with, as its definition says it. The OpenAPI document is made of this, and the
// tests hold every answer they get against it.
import type * as z from "zod";
import type { Problem } from "../model/problem.ts";

/**
 * What is answered with one status: the schema of the JSON, a body of another media type, or null for no body.
 * A sentence about it is the schema's own: `schema.describe("…")`, an example `schema.meta({ example: … })`.
 */
export type Shape = z.ZodType | Detailed | null;

/** An answer whose header fields are told, or that is not JSON. */
export type Detailed = {
  /** application/json unless it says otherwise; another one than JSON has no schema. */
  readonly type?: string;
  readonly schema?: z.ZodType;
  /** Header fields of its own, each with what it tells. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** Good answers by status: `{ 200: dataOf(view) }`, `{ 204: null }`, `{ 200: { type: "text/csv" } }`. */
export type Responses = Readonly<Record<number, Shape>>;

/**
 * Ways to say no that an operation has for itself, beside those that follow from what it is: no key, no scope, a
 * part of the request that is wrong, a path with a parameter that names nothing, a store that does not answer,
 * and for what `sends` everything that a send can be refused for.
 */
export type OwnProblems = readonly Problem["kind"][];
