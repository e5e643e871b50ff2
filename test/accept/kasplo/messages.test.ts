// GET /v1/messages (decision 19): pages without gaps or repeats whatever the filter. One message is
// asked for in messages-one.test.ts.
import { beforeEach, describe, expect, it } from "vitest";
import { uuidv7 } from "../../../src/lib/id.ts";
import { emptyLedger } from "../../support/ledger.ts";
import {
  ask,
  email,
  givenDomain,
  givenKey,
  ownClock,
  type TestApp,
  testApp,
} from "../../support/world.ts";
import { expectError, pageOf, pages, suppress } from "./native.ts";

const START = Date.UTC(2026, 10, 21, 10);
const NOBODY = "0189abcd-0000-7000-8000-000000000001";

let key = "";
beforeEach(async () => {
  await emptyLedger();
  await givenDomain("edgepost.test");
  key = (await givenKey()).secret;
});

/** A clock that the ids follow too, as they do in production. */
function world() {
  const clock = ownClock(START);
  const app = testApp({ now: clock.now, newId: () => uuidv7(clock.now()), log() {} });
  return { clock, app };
}

async function post(app: TestApp, body: unknown): Promise<string> {
  const answer = await ask(app, "POST", "/v1/send-email", { key, body });
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
  return answer.headers.get("X-Message-Id") ?? "";
}

type Item = { readonly id: string };

/** A message as the oracle of the list remembers it. */
type Sent = { readonly id: string; readonly at: number; readonly n: number };

const tagOf = (n: number) => `tag-${n % 3}`;
const shopOf = (n: number) => (n % 4 === 0 ? "Zürich '1'" : "basel");
const recipientsOf = (n: number) => [
  `all@example.com`,
  `Half${n % 2}@Example.com`,
  `one${n}@example.com`,
];

/** Messages one second apart, of three tags, two shops and shared recipients; newest first. */
async function given(count: number, app: TestApp, advance: (ms: number) => void) {
  const sent: Sent[] = [];
  for (let n = 0; n < count; n++) {
    const body = {
      ...email({}, recipientsOf(n)),
      tags: tagOf(n),
      metadata: { shop: shopOf(n), n: String(n) },
    };
    sent.unshift({ id: await post(app, body), at: app.now(), n });
    advance(1_000);
  }
  return sent;
}

describe("GET /v1/messages", () => {
  const COUNT = 31;
  const FILTERS: readonly (readonly [string, (sent: Sent) => boolean])[] = [
    ["", () => true],
    ["tag=tag-1", ({ n }) => tagOf(n) === "tag-1"],
    ["tag=tag-9", () => false],
    ["recipient=half1@example.COM", ({ n }) => n % 2 === 1],
    ["recipient=one7@example.com", ({ n }) => n === 7],
    ["recipient=nobody@example.com", () => false],
    [`metadata.shop=${encodeURIComponent("Zürich '1'")}`, ({ n }) => n % 4 === 0],
    ["metadata.shop=basel&metadata.n=7", ({ n }) => n === 7],
    ["metadata.other=basel", () => false],
    ["state=queued", () => true],
    ["state=delivered", () => false],
    [`from=${START + 5_000}`, ({ at }) => at >= START + 5_000],
    [`to=${START + 5_000}`, ({ at }) => at <= START + 5_000],
    [
      `from=${new Date(START + 3_000).toISOString()}&to=${new Date(START + 20_000).toISOString()}`,
      ({ at }) => at >= START + 3_000 && at <= START + 20_000,
    ],
    [
      `recipient=all@example.com&tag=tag-0&from=${START + 2_000}&metadata.shop=basel`,
      ({ n, at }) => tagOf(n) === "tag-0" && at >= START + 2_000 && shopOf(n) === "basel",
    ],
  ];

  it("pages newest first without gaps or repeats, whatever the filter and the limit", async () => {
    const { app, clock } = world();
    const sent = await given(COUNT, app, clock.advance);
    for (const [filter, wanted] of FILTERS) {
      const expected = sent.filter(wanted).map(({ id }) => id);
      for (const limit of [4, 100]) {
        const found = await pages<Item>(app, key, `/v1/messages?limit=${limit}&${filter}`);
        expect([filter, limit, found.flat().map(({ id }) => id)]).toEqual([
          filter,
          limit,
          expected,
        ]);
        expect(Math.max(...found.map((page) => page.length))).toBeLessThanOrEqual(limit);
      }
    }
  });

  it("goes on where a page ended although messages came in since", async () => {
    const { app, clock } = world();
    const sent = await given(5, app, clock.advance);
    const first = await pageOf<Item>(app, key, "/v1/messages?limit=2");
    await given(3, app, clock.advance);
    const path = `/v1/messages?limit=2&cursor=${first.next_cursor}`;
    const second = await pageOf<Item>(app, key, path);
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(
      sent.slice(0, 4).map(({ id }) => id),
    );
  });

  it("tells of each message what was sent, and in which states its deliveries are", async () => {
    const { app } = world();
    const to = [{ email: "a@example.com", name: "A" }, { email: "gone@example.com" }];
    await suppress("gone@example.com");
    const body = {
      ...email({ fromName: 'Ann "X" Ä', recipients: { to } }),
      metadata: { messageId: "m-1", sendId: "Camp1", listId: "List.1", own: "ä" },
    };
    const id = await post(app, body);
    const { data } = await pageOf(app, key, "/v1/messages");
    expect(data).toEqual([
      {
        id,
        created_at: new Date(START).toISOString(),
        send_at: null,
        from: 'Ann "X" Ä <sender@edgepost.test>',
        subject: "Hello",
        tags: "m-1",
        mail_class: "transactional",
        sendid: "camp1",
        listid: "list.1",
        metadata: { messageId: "m-1", own: "ä" },
        recipients: 2,
        states: { queued: 1, suppressed: 1 },
      },
    ]);
  });

  it("gives 25 unless asked otherwise, 1 to 100 when asked", async () => {
    const { app, clock } = world();
    await given(27, app, clock.advance);
    const lengths = await Promise.all(
      ["", "?limit=1", "?limit=100"].map(async (query) => {
        const { data } = await pageOf(app, key, `/v1/messages${query}`);
        return data.length;
      }),
    );
    expect(lengths).toEqual([25, 1, 27]);
  });

  it.each([
    ["limit", "limit=0"],
    ["limit", "limit=101"],
    ["limit", "limit=-1"],
    ["limit", "limit=1.5"],
    ["limit", "limit=ten"],
    ["limit", "limit="],
    ["cursor", "cursor=1"],
    ["cursor", "cursor="],
    ["cursor", `cursor=${NOBODY.toUpperCase()}`],
    ["cursor", `cursor=${NOBODY}'`],
    ["state", "state=sent"],
    ["from", "from=yesterday"],
    ["from", "from="],
    ["from", "from=-1"],
    ["from", "from=5 dogs"],
    ["from", "from=2026-02-30T25:00:00Z"],
    ["to", "to=21 Nov 2026"],
    ["to", "to=99999999999999999999"],
    ["tag", "tag=a&tag=b"],
  ])("refuses %s in ?%s", async (field, query) => {
    const answer = await ask(world().app, "GET", `/v1/messages?${query}`, { key });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });

  it.each([
    "tag=' or 1=1 --",
    "recipient=%",
    'metadata.n=" or 1=1',
    "metadata.' or 1=1 --=x",
    "metadata.__proto__=x",
    "metadata.=x",
    "tag=%00",
    "recipient=%F0%9F%92%A9",
  ])("takes ?%s for a value that nothing has", async (query) => {
    const { app, clock } = world();
    await given(1, app, clock.advance);
    expect((await pageOf(app, key, `/v1/messages?${encodeURI(query)}`)).data).toEqual([]);
  });
});
