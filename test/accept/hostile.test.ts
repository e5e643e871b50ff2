// Hostile values through the front door (reliability §5.2): commands in addresses, poisoned keys, deep
// and wide JSON. A refusal is a 400; what is accepted is data and nothing more.
import { describe, expect, it } from "vitest";
import { email } from "../support/world.ts";
import { wire } from "./wire.ts";

const { get, post, postAll, delivered } = wire();

const TO = { email: "a@example.com" };

const ADDRESSES = [
  "a@example.com\r\nRCPT TO:<evil@evil.test>",
  "a@example.com>\r\nRCPT TO:<evil@evil.test",
  "a@b.test>\nDATA",
  "a@b.test\rX",
  "a b@example.com",
  " a@example.com",
  "a@example.com ",
  "a@exa mple.com",
  "a@example.com\t",
  "<a@example.com>",
  "a<b@example.com",
  "a>b@example.com",
  '"a b"@example.com',
  '"a"@example.com',
  '"a@evil.test"@example.com',
  "@hosta.test,@hostb.test:a@example.com",
  "@hosta.test:a@example.com",
  "a@b@example.com",
  "a@example.com@",
  "@example.com",
  "a@",
  "a",
  "",
  "a@localhost",
  "a@[127.0.0.1]",
  "a@[IPv6:::1]",
  "a@127.0.0.1",
  "a@example..com",
  "a..b@example.com",
  ".a@example.com",
  "a.@example.com",
  "a@-example.com",
  "a@example.com.",
  "a@exam_ple.com",
  "(comment)a@example.com",
  "a(comment)@example.com",
  "a@example.com(comment)",
  "a@example.com,b@example.com",
  "a@example.com;b@example.com",
  "a@example.com SIZE=1",
  "a@example.com> BODY=8BITMIME",
  "a@example.com\0",
  "a\0@example.com",
  "a@example\u2028.com",
  "a\uff20evil.test@example.com",
  "a\u202e@example.com",
  "a\ud800@example.com",
  "a:b@example.com",
  "a\\@example.com",
  `${"x".repeat(65)}@example.com`,
  `a@${"x".repeat(64)}.com`,
  `a@${"x.".repeat(130)}com`,
];

describe("commands in addresses", () => {
  it.each(["to", "cc", "bcc", "from", "replyTo"])(
    `are refused with 400/1002 in ${ADDRESSES.length} forms in %s`,
    async (position) => {
      const passed: string[] = [];
      for (const address of ADDRESSES) {
        const { status } = await post(addressedBy(position, address));
        if (status !== 400) passed.push(`${JSON.stringify(address)}: ${status}`);
      }
      // Reply-To is a header of mailboxes: there a bracketed or padded address is a good one.
      const fine = ["<a@example.com>", " a@example.com", "a@example.com ", "a@example.com\t"];
      const expected = position === "replyTo" ? fine.map((a) => `${JSON.stringify(a)}: 200`) : [];
      expect(passed.sort()).toEqual(expected.sort());
    },
  );

  it("do not stand in an address with % or !, which only look like routes", async () => {
    const odd = ["a%evil.test@example.com", "evil.test!a@example.com", "a+b@example.com"];
    expect(await postAll([email({}, odd)])).toEqual([200]);
    const seen = await delivered();
    expect(new Set(seen.flatMap(({ to }) => to))).toEqual(new Set(odd));
  });
});

function addressedBy(position: string, address: string): unknown {
  if (position === "from") return email({ from: address });
  if (position === "replyTo") return email({ replyTo: [address] });
  const recipients = { to: [TO], [position]: [{ email: address }] };
  return email({ recipients });
}

const POISON = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];

describe("poisoned keys", () => {
  const value = '{"polluted":"yes","toString":"x"}';
  const inside: Readonly<Record<string, (name: string) => string>> = {
    "the body": (name) => `{"${name}":${value},${JSON.stringify(email()).slice(1)}`,
    email: (name) => JSON.stringify(email()).replace('{"from"', `{"${name}":${value},"from"`),
    metadata: (name) => `{"metadata":{"${name}":"data"},${JSON.stringify(email()).slice(1)}`,
    headers: (name) =>
      JSON.stringify(email()).replace('{"from"', `{"headers":{"${name}":"1"},"from"`),
    variables: (name) =>
      JSON.stringify(email({ text: `Hi {{${name}}}{{constructor}}{{__proto__}}!` })).replace(
        '{"email":"a@example.com"',
        `{"email":"a@example.com","variables":{"${name}":"data"}`,
      ),
  };

  it.each(Object.entries(inside))("in %s are data or refused", async (place, bodyOf) => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort();
    for (const name of POISON) {
      const body = bodyOf(name);
      expect(() => JSON.parse(body)).not.toThrow();
      const { status } = await post(body);
      expect([name, status]).toEqual([name, place === "headers" ? 400 : 200]);
    }
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    for (const { mail } of await delivered()) {
      const text = mail.text?.trim() ?? "";
      expect(text).toMatch(place === "variables" ? /^Hi (data)*!$/ : /^Hello there$/);
    }
  });

  it("in a query are an unknown parameter or a name that is not found", async () => {
    for (const name of POISON) {
      const query = `${name}=1&metadata.${name}=1`;
      expect((await get(`/v1/messages?${query}`)).status).toBeLessThan(500);
    }
  });

  it("show nothing of the Worker in a template", async () => {
    const words = ["env", "app", "this", "constructor.constructor", "process.env", "#each", ">x"];
    const text = words.map((word) => `{{${word}}}`).join("|");
    await postAll([email({ text, recipients: { to: [{ ...TO, variables: { a: "1" } }] } })]);
    const [seen] = await delivered();
    expect(seen?.mail.text).not.toMatch(/function|object|secret|KEY/i);
  });
});

describe("JSON that is deep or wide", () => {
  const deep = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

  it.each([
    ["1,000 arrays", deep(1_000)],
    ["100,000 arrays", deep(100_000)],
    ["100,000 objects", objects(100_000)],
  ])("of %s is refused wherever it stands, or ignored", async (_name, value) => {
    const rest = JSON.stringify(email()).slice(1);
    const bodies = [
      value,
      `{"email":${value}}`,
      `{"unknown":${value},${rest}`,
      `{"metadata":${value},${rest}`,
      `{"metadata":{"a":${value}},${rest}`,
      JSON.stringify(email()).replace('"Hello there"', value),
      JSON.stringify(email()).replace('[{"email":"a@example.com"}]', value),
    ];
    for (const body of bodies) expect([200, 400]).toContain((await post(body)).status);
  });

  it("of 1,000,000 keys is refused", async () => {
    const keys = (n: number) => Array.from({ length: n }, (_, key) => `"k${key}":1`).join(",");
    const rest = JSON.stringify(email()).slice(1);
    expect((await post(`{${keys(1_000_000)},${rest}`)).status).toBe(400);
    expect((await post(`{"metadata":{${keys(50_000)}},${rest}`)).status).toBe(400);
    const variables = `{"email":"a@example.com","variables":{${keys(50_000)}}`;
    const body = JSON.stringify(email()).replace('{"email":"a@example.com"', variables);
    expect((await post(body)).status).toBe(400);
  });
});
