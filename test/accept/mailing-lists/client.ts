// A client of the Mailing Lists API for tests.
import { expect } from "vitest";
import { orgIdOf } from "../../../src/model/account-id.ts";
import { ask, givenKey, type TestApp } from "../../support/world.ts";

/** What every answer is. */
export type Envelope = {
  readonly success: boolean;
  readonly data: Readonly<Record<string, unknown>>;
  readonly error_code: string | null;
  readonly error_message: string | null;
};

/** A client with a key of its own. */
export type Client = {
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Response>;
  /** The data of an answer that must be good. */
  readonly data: <Data = Envelope["data"]>(
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<Data>;
  /** `error_code: error_message` of an answer that must have this status. */
  readonly refusal: (
    status: number,
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<string>;
};

/** The Authorization of a user and a key. */
export function basic(user: string, key: string): Readonly<Record<string, string>> {
  return { Authorization: `Basic ${btoa(`${user}:${key}`)}` };
}

/** Makes a key and a client that uses it. */
export async function mailingListsClient(app: TestApp): Promise<Client> {
  const { secret } = await givenKey({ scopes: ["read", "manage"] }, "mailing_lists");
  const headers = basic(await orgIdOf(app.config.encryptionKey), secret);
  const asked = (method: string, path: string, body?: unknown) =>
    ask(app, method, `/ga/api/v2${path}`, { headers, ...(body === undefined ? {} : { body }) });
  return {
    ask: asked,
    async data(method, path, body) {
      const answer = await asked(method, path, body);
      const json: { data: never } & Record<string, unknown> = await answer.json();
      expect(json).toMatchObject({ success: true, error_code: null, error_message: null });
      expect(answer.status).toBe(200);
      return json.data;
    },
    async refusal(status, method, path, body) {
      const answer = await asked(method, path, body);
      const json: Envelope = await answer.json();
      expect(json).toMatchObject({ success: false, data: null });
      expect([answer.status, json.error_message]).toEqual([status, json.error_message]);
      return `${json.error_code}: ${json.error_message}`;
    },
  };
}
