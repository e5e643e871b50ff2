import { describe, expect, test } from "vitest";
import { command, FLAT, nested, problem, refusedAt, SEED } from "./bodies.ts";

function long(length: number): string {
  return "x".repeat(length);
}

function many(count: number) {
  return Array.from({ length: count }, (_, i) => ({ email: `u${i}@example.com` }));
}

describe("what is missing or wrong", () => {
  test.each<[string, unknown, string]>([
    ["an array", [], ""],
    ["null", null, ""],
    ["a string", "x", ""],
    ["nothing at all", {}, "email"],
    ["email as a string", { email: "a@example.com" }, "email"],
    ["an empty email", { email: {} }, "email.from"],
    ["no from", nested({ from: undefined }), "email.from"],
    ["from with a name", nested({ from: "Jo <a@example.com>" }), "email.from"],
    ["no subject", nested({ subject: undefined }), "email.subject"],
    ["a null subject", nested({ subject: null }), "email.subject"],
    ["an empty subject", nested({ subject: "" }), "email.subject"],
    ["999 characters of subject", nested({ subject: long(999) }), "email.subject"],
    ["a numeric subject", nested({ subject: 5 }), "email.subject"],
    ["no recipients", nested({ recipients: undefined }), "email.recipients.to"],
    ["recipients as an array", nested({ recipients: [] }), "email.recipients"],
    ["no to", nested({ recipients: { cc: [{ email: "a@example.com" }] } }), "email.recipients.to"],
    ["an empty to", nested({ recipients: { to: [] } }), "email.recipients.to"],
    ["to as a string", nested({ recipients: { to: "a@example.com" } }), "email.recipients.to"],
    ["to of strings", nested({ recipients: { to: ["a@example.com"] } }), "email.recipients.to[0]"],
    ["1001 in to", nested({ recipients: { to: many(1001) } }), "email.recipients.to"],
    [
      "1001 in to and cc",
      nested({ recipients: { to: many(1000), cc: [{ email: "x@example.com" }] } }),
      "email.recipients.to",
    ],
    ["neither text nor html", nested({ text: undefined, html: "" }), "email.text"],
    ["amp without text", nested({ amp: "x", text: undefined }), "email.amp"],
    ["amp without html", nested({ amp: "x", html: undefined }), "email.amp"],
    ["two different amps", nested({ amp: "x", amp_html: "y" }), "email.amp_html"],
    ["a text that is no string", nested({ text: ["x"] }), "email.text"],
    ["256 characters of name", nested({ fromName: long(256) }), "email.fromName"],
    ["11 reply addresses", nested({ replyTo: Array(11).fill("a@example.com") }), "email.replyTo"],
    ["a bad reply address", nested({ replyTo: ["a@example.com", "b"] }), "email.replyTo[1]"],
    [
      "a structural header",
      nested({ headers: { "Content-Type": "x" } }),
      "email.headers.Content-Type",
    ],
    ["Bcc as a header", nested({ headers: { Bcc: "a@example.com" } }), "email.headers.Bcc"],
    [
      "a DKIM header",
      nested({ headers: { "DKIM-Signature": "v=1" } }),
      "email.headers.DKIM-Signature",
    ],
    [
      "a header name with a colon",
      nested({ headers: { "X-A: b\r\nBcc": "c" } }),
      "email.headers.X-A: b\r\nBcc",
    ],
    [
      "__proto__ as a header",
      JSON.parse('{"email":{"from":"a@example.com","subject":"x","headers":{"__proto__":"x"}}}'),
      "email.headers.__proto__",
    ],
    ["one header twice", nested({ headers: { "X-A": "1", "x-a": "2" } }), "email.headers.x-a"],
    ["a header that is no string", nested({ headers: { "X-A": 1 } }), "email.headers.X-A"],
    ["901 characters of header", nested({ headers: { "X-A": long(901) } }), "email.headers.X-A"],
    [
      "a name of 71 characters",
      nested({ headers: { [`X-${long(69)}`]: "1" } }),
      `email.headers.X-${long(69)}`,
    ],
    [
      "é in In-Reply-To",
      nested({ headers: { "In-Reply-To": "<é@x>" } }),
      "email.headers.In-Reply-To",
    ],
    [
      "21 headers",
      nested({ headers: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`X-${i}`, ""])) }),
      "email.headers",
    ],
    ["headers as an array", nested({ headers: ["X-A: b"] }), "email.headers"],
    ["tracking as a word", nested({ tracking: "off" }), "email.tracking"],
    ["opens as a word", nested({ tracking: { opens: "no" } }), "email.tracking.opens"],
    ["flat clicks as a number", { ...FLAT, tracking: { clicks: 0 } }, "tracking.clicks"],
    ["sendAt", { ...SEED, sendAt: "tomorrow" }, "sendAt"],
    ["flat sendAt", { ...FLAT, sendAt: 1_900_000_000_000 }, "sendAt"],
    ["onAmbiguous", { ...SEED, onAmbiguous: "drop" }, "onAmbiguous"],
    ["metadata as a string", { ...SEED, metadata: "x" }, "metadata"],
    ["a messageId of 201", { ...SEED, metadata: { messageId: long(201) } }, "metadata.messageId"],
    ["a messageId with é", { ...SEED, metadata: { messageId: "é" } }, "metadata.messageId"],
    ["a numeric messageId", { ...SEED, metadata: { messageId: 1 } }, "metadata.messageId"],
    ["a sendId with a space", { ...SEED, metadata: { sendId: "a b" } }, "metadata.sendId"],
    ["a sendId of 101", { ...SEED, metadata: { sendId: long(101) } }, "metadata.sendId"],
    ["a listId with a newline", { ...SEED, metadata: { listId: "a\n" } }, "metadata.listId"],
    ["an unknown mailClass", { ...SEED, metadata: { mailClass: "bulk" } }, "metadata.mailClass"],
    [
      "11 own keys",
      {
        ...SEED,
        metadata: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, ""])),
      },
      "metadata",
    ],
    ["an own name of 41", { ...SEED, metadata: { [long(41)]: "" } }, "metadata"],
    ["an own value of 501", { ...SEED, metadata: { k: long(501) } }, "metadata.k"],
    ["an own number", { ...SEED, metadata: { k: 1 } }, "metadata.k"],
    [
      "variables as an array",
      { ...FLAT, to: [{ email: "a@example.com", variables: [] }] },
      "to[0].variables",
    ],
    [
      "a variable that is an object",
      { ...FLAT, to: [{ email: "a@example.com", variables: { a: {} } }] },
      "to[0].variables.a",
    ],
    [
      "a variable of 10,001",
      { ...FLAT, to: [{ email: "a@example.com", variables: { a: long(10_001) } }] },
      "to[0].variables.a",
    ],
    [
      "a variable name of 101",
      { ...FLAT, to: [{ email: "a@example.com", variables: { [long(101)]: "" } }] },
      "to[0].variables",
    ],
    ["autoText as a string", nested({ autoText: "yes" }), "email.autoText"],
  ])("%s is refused by its path", (_, body, path) => {
    expect(refusedAt(body)).toBe(path);
  });

  test.each<[string, (keys: object) => unknown]>([
    ["", (keys) => ({ ...SEED, ...keys })],
    ["email", (keys) => nested(keys)],
    ["metadata", (keys) => ({ ...SEED, metadata: keys })],
    ["email.headers", (keys) => nested({ headers: keys })],
    ["to[0].variables", (keys) => ({ ...FLAT, to: [{ email: "a@example.com", variables: keys }] })],
  ])("a hundred thousand keys in %j are refused", (path, body) => {
    const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, 1]));
    expect(refusedAt(body(keys))).toBe(path);
  });

  test("limits are exact", () => {
    const variables = { a: long(10_000), [long(100)]: "" };
    const body = nested(
      {
        subject: long(998),
        fromName: long(255),
        replyTo: Array(10).fill("a@example.com"),
        headers: { "X-A": long(900), [`X-${long(68)}`]: "" },
        recipients: { to: [{ email: "v@example.com", variables }, ...many(999)] },
      },
      { metadata: { messageId: long(200), sendId: long(100), [long(40)]: long(500) } },
    );
    expect(command(body).recipients).toHaveLength(1000);
  });
});

describe("header injection is refused where the value is given", () => {
  const PAYLOADS = [
    "a\r\nBcc: evil@example.com",
    "a\nBcc: evil@example.com",
    "a\rBcc: evil@example.com",
    "a\0b",
    "a\vb",
    "a\fb",
    "a\u0085Bcc: evil@example.com",
    "a\u2028Bcc: evil@example.com",
    "a\u2029Bcc: evil@example.com",
    "=?utf-8?q?a=0D=0ABcc:_evil?=\r\n",
    "a".repeat(1100),
    "a\ud800b",
  ];
  const POSITIONS: Readonly<Record<string, (payload: string) => unknown>> = {
    from: (p) => nested({ from: `${p}@example.com` }),
    fromName: (p) => nested({ fromName: p }),
    "flat from name": (p) => ({ ...FLAT, from: `"${p}" <a@example.com>` }),
    "flat to name": (p) => ({ ...FLAT, to: `"${p}" <a@example.com>` }),
    replyTo: (p) => nested({ replyTo: [`a@${p}.com`] }),
    "replyTo name": (p) => nested({ replyTo: `"${p}" <a@example.com>` }),
    subject: (p) => nested({ subject: p }),
    "to address": (p) => nested({ recipients: { to: [{ email: `a@example.com${p}` }] } }),
    "to name": (p) => nested({ recipients: { to: [{ email: "a@example.com", name: p }] } }),
    "cc name": (p) => ({ ...FLAT, cc: [{ email: "a@example.com", name: p }] }),
    "header name": (p) => nested({ headers: { [`X-${p}`]: "b" } }),
    "header value": (p) => nested({ headers: { "X-A": p } }),
    "List-Help": (p) => nested({ headers: { "List-Help": p } }),
    References: (p) => nested({ headers: { References: p } }),
    filename: (p) => nested({ attachments: [{ filename: `${p}.csv`, content: "YQ==" }] }),
    contentId: (p) =>
      nested({ attachments: [{ filename: "a.csv", content: "YQ==", contentId: p }] }),
    tags: (p) => ({ ...SEED, tags: p }),
    messageId: (p) => ({ ...SEED, metadata: { messageId: p } }),
    sendId: (p) => ({ ...SEED, metadata: { sendId: p } }),
    listId: (p) => ({ ...SEED, metadata: { listId: p } }),
  };
  const cases = Object.keys(POSITIONS).flatMap((position) =>
    PAYLOADS.map((payload) => [position, payload] as const),
  );
  test.each(cases)("%s: %j", (position, payload) => {
    expect(problem(POSITIONS[position]?.(payload)).kind).toBe("invalid_field");
  });
});
