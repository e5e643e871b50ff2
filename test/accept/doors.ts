// The doors that the shared cases are run against: one row for each dialect, with how it shows its key, one
// read and one write. A new dialect is one more row; a dialect without one fails test/accept/common.test.ts.
import type { Dialect } from "../../src/accept/endpoint.ts";
import { audience } from "../../src/accept/audience/routes.ts";
import { kasapost } from "../../src/accept/kasapost/routes.ts";
import { kasplo } from "../../src/accept/kasplo/routes.ts";
import { mailingLists } from "../../src/accept/mailing-lists/routes.ts";
import { orgIdOf, sidOf } from "../../src/model/account-id.ts";
import type { Key, KeyFamily } from "../../src/model/key.ts";
import { countOf } from "../support/ledger.ts";
import { ask, email, givenDomain, type TestApp } from "../support/world.ts";

/** One way in, as the shared cases use it. */
export type Door = {
  readonly dialect: Dialect;
  readonly family: KeyFamily;
  /** The header fields that show a key. */
  readonly show: (app: TestApp, secret: string) => Promise<Readonly<Record<string, string>>>;
  /** Values of path parameters that name this deployment. */
  readonly params?: (app: TestApp) => Promise<Readonly<Record<string, string>>>;
  /** What its keys must be like. */
  readonly key?: Partial<Key>;
  /** A read, below the dialect's base; a door that only takes mail has none. */
  readonly read: string | null;
  /** A request that writes, and what it is answered with. */
  readonly write: {
    readonly path: string;
    readonly method: "POST" | "PUT";
    readonly status: number;
    /** A good body; `change` is laid over its innermost object. */
    readonly body: (change?: Readonly<Record<string, unknown>>) => unknown;
    /** Texts of the body that anybody may choose. */
    readonly texts: readonly string[];
    /** How many there are of what it writes. */
    readonly written: () => Promise<number>;
    /** The field that a good body cannot do without. */
    readonly needs: string;
    /** The Idempotency-Key is read: a second request with it writes nothing. */
    readonly idempotent: boolean;
    /** What a field that nobody knows is answered with: most doors ignore it. */
    readonly unknownField: number;
  };
  /** What must be there before it may be written. */
  readonly prepare: (app: TestApp) => Promise<void>;
};

const bearer: Door["show"] = (_app, secret) =>
  Promise.resolve({ Authorization: `Bearer ${secret}` });

const LIST_ID = "229dc5317d78a2ab45ac641a5a4de156";

/** Every door but those that only our own programs use. */
export const DOORS: readonly Door[] = [
  {
    dialect: kasplo,
    family: "kasplo",
    show: bearer,
    read: "/messages",
    write: {
      path: "/send-email",
      method: "POST",
      status: 200,
      body: (change = {}) => email(change),
      texts: ["subject", "fromName", "text", "html", "from"],
      written: () => countOf("messages"),
      needs: "subject",
      idempotent: true,
      unknownField: 200,
    },
    prepare: () => givenDomain("edgepost.test"),
  },
  {
    dialect: kasapost,
    family: "kasapost",
    show: bearer,
    key: { domain: "edgepost.test" },
    read: null,
    write: {
      path: "/send/",
      method: "POST",
      status: 202,
      body: (change = {}) => ({
        from: "KasaPost <hello@edgepost.test>",
        to: ["customer@example.com"],
        subject: "Welcome to KasaPost",
        text: "Your mailbox and sending lane are ready.",
        ...change,
      }),
      texts: ["subject", "from_name", "text", "html", "from", "reply_to"],
      written: () => countOf("messages"),
      needs: "subject",
      idempotent: true,
      unknownField: 202,
    },
    prepare: () => givenDomain("edgepost.test"),
  },
  {
    dialect: audience,
    family: "audience",
    show: (_app, secret) => Promise.resolve({ "api-key": secret }),
    params: async (app) => ({ sid: await sidOf(app.config.encryptionKey) }),
    read: "/:sid/list",
    write: {
      path: "/:sid/contact",
      method: "POST",
      status: 202,
      body: (change = {}) => ({
        list_id: LIST_ID,
        tags: [],
        data: [{ email: "ann@example.com", first_name: "Ann", last_name: "B", custom_fields: {} }],
        ...change,
      }),
      texts: ["list_id"],
      written: () => countOf("contact_jobs"),
      needs: "list_id",
      idempotent: false,
      unknownField: 202,
    },
    prepare: async (app) => {
      await app.db
        .prepare(
          `insert into lists (list_id, name, status, created_at, updated_at)
           values (?1, 'common', 'active', 0, 0) on conflict do nothing`,
        )
        .bind(LIST_ID)
        .run();
    },
  },
  {
    dialect: mailingLists,
    family: "mailing_lists",
    show: async (app, secret) => ({
      Authorization: `Basic ${btoa(`${await orgIdOf(app.config.encryptionKey)}:${secret}`)}`,
    }),
    read: "/mailing_lists",
    write: {
      path: "/mailing_lists",
      method: "POST",
      status: 200,
      body: (change = {}) => ({ mailing_list: { name: "My Mailing List", ...change } }),
      texts: ["name", "custom_headers"],
      written: () => countOf("lists"),
      needs: "name",
      idempotent: false,
      unknownField: 200,
    },
    prepare: () => Promise.resolve(),
  },
];

/** What is asked at a door. */
export type Asked = {
  readonly secret?: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Asks at a door, without a key unless one is given. */
export async function askAt(
  door: Door,
  app: TestApp,
  asked: Asked & { readonly path: string },
): Promise<Response> {
  const { secret, method = "GET", path, ...rest } = asked;
  const shown = secret === undefined ? {} : await door.show(app, secret);
  const params = (await door.params?.(app)) ?? {};
  const whole = Object.entries(params).reduce(
    (text, [name, value]) => text.replace(`:${name}`, value),
    door.dialect.base + path,
  );
  return ask(app, method, whole, { ...rest, headers: { ...shown, ...rest.headers } });
}

/** Asks for the write of a door, with its good body unless it says otherwise. */
export function writeAt(door: Door, app: TestApp, asked: Asked): Promise<Response> {
  const { method, path, body } = door.write;
  return askAt(door, app, { method, path, body: body(), ...asked });
}
