// What tests of the native resources ask with: answers read and judged by what decision 2 says of all of
// them, and pages walked to their end.
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { App } from "../../../src/app.ts";
import { ask } from "../../support/world.ts";

/** Asks with a key for an answer of the form `{"data": …}`, whose status must be the one named. */
export async function native<T>(
  app: App,
  key: string,
  call: { readonly method?: string; readonly path: string; readonly body?: unknown },
  status = 200,
): Promise<T> {
  const { method = "GET", path, body } = call;
  const answer = await ask(app, method, path, { key, ...(body === undefined ? {} : { body }) });
  const text = await answer.text();
  expect([path, answer.status, text]).toEqual([path, status, expect.any(String)]);
  expect(answer.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(answer.headers.get("Content-Type")).toBe("application/json");
  const { data }: { data: T } = JSON.parse(text);
  return data;
}

/** A list answer. */
export type Page<T> = { readonly data: readonly T[]; readonly next_cursor: string | null };

/** One page of a list. */
export async function pageOf<T>(app: App, key: string, path: string): Promise<Page<T>> {
  const answer = await ask(app, "GET", path, { key });
  expect([path, answer.status]).toEqual([path, 200]);
  const page = await answer.json<Page<T>>();
  expect(Object.keys(page)).toEqual(["data", "next_cursor"]);
  return page;
}

/** Every page of a list, one after the other; stops with an error when the cursors do not end. */
export async function pages<T>(app: App, key: string, path: string): Promise<readonly T[][]> {
  const found: T[][] = [];
  let cursor = "";
  for (let n = 0; n < 100; n++) {
    const page = await pageOf<T>(app, key, path + cursor);
    found.push([...page.data]);
    if (page.next_cursor === null) return found;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
  throw new Error(`${path} has no end`);
}

/** A refusal in the native shape (decision 2): code, message, field where there is one, request id. */
export async function expectError(
  answer: Response,
  wanted: { readonly status: number; readonly code: string; readonly field?: string },
): Promise<string> {
  const body = await answer.json<{ error: Record<string, string> }>();
  const { code, message = "", field, request_id: requestId, ...rest } = body.error;
  expect({ status: answer.status, code, ...(field === undefined ? {} : { field }) }).toEqual(
    wanted,
  );
  expect([Object.keys(body), rest, message.length > 0]).toEqual([["error"], {}, true]);
  expect(requestId).toBe(answer.headers.get("X-Request-Id"));
  expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  return message;
}

/** Suppresses an address in the scope of hard bounces. */
export async function suppress(address: string): Promise<void> {
  await env.DB.prepare(
    `insert into suppressions (address, scope, reason, message_id, created_at)
     values (?1, 'bounce', 'test', null, 0)`,
  )
    .bind(address)
    .run();
}
