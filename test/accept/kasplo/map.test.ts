import { describe, expect, test } from "vitest";
import { pathText } from "../../../src/accept/endpoint.ts";
import { mapSend } from "../../../src/accept/kasplo/map.ts";
import { sendBodySchema } from "../../../src/accept/kasplo/schema.ts";
import { toBase64, utf8 } from "../../../src/lib/bytes.ts";
import type { Problem } from "../../../src/model/problem.ts";

const SEED = {
  email: {
    from: "sender@yourdomain.com",
    fromName: "sender name",
    replyTo: ["abcd@yourdomain.com"],
    subject: "Custom subject line",
    text: "This is a Multipart email",
    html: "<h1>Test Email</h1>",
    recipients: { to: [{ email: "recipient@example.com" }], cc: [], bcc: [] },
    attachments: [],
  },
  metadata: { messageId: "custom-id-value" },
};

const FLAT = {
  from: "Jo Doe <sender@yourdomain.com>",
  to: "user@example.com",
  subject: "Welcome to AMP!",
  html: "Hello (HTML version)",
  text: "Hello (Plain text version)",
};

/** The seed's body with some message fields replaced. */
function nested(email: object, rest: object = {}) {
  return { ...SEED, email: { ...SEED.email, ...email }, ...rest };
}

/** Through schema and map, as the endpoint does it. */
function send(body: unknown, defaultSender: { address: string; name: string } | null = null) {
  const parsed = sendBodySchema.safeParse(body);
  if (parsed.success) return mapSend(parsed.data, defaultSender);
  const issue = parsed.error.issues[0];
  const path = pathText(issue?.path ?? []);
  return {
    ok: false as const,
    error: { kind: "invalid_field" as const, path, reason: issue?.message ?? "" },
  };
}

function command(body: unknown) {
  const result = send(body);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.command;
}

function problem(body: unknown): Problem {
  const result = send(body);
  if (result.ok) throw new Error("was accepted");
  return result.error;
}

/** The JSON path that a refusal names. */
function refusedAt(body: unknown): string {
  const refusal = problem(body);
  return "path" in refusal ? refusal.path : refusal.kind;
}

describe("both forms", () => {
  test("the seed's nested example becomes a command", () => {
    expect(command(SEED)).toEqual({
      content: {
        from: { address: "sender@yourdomain.com", name: "sender name" },
        replyTo: [{ address: "abcd@yourdomain.com", name: "" }],
        subject: "Custom subject line",
        text: "This is a Multipart email",
        html: "<h1>Test Email</h1>",
        amp: null,
        headers: [],
        variables: null,
        attachments: [],
        attachmentBytes: [],
      },
      recipients: [{ address: "recipient@example.com", name: "", role: "to" }],
      tags: "custom-id-value",
      sendId: null,
      listId: null,
      mailClass: null,
      metadata: { messageId: "custom-id-value" },
      onAmbiguous: "retry",
    });
  });

  test("the flat form means the same", () => {
    const flat = command({ ...FLAT, amp_html: "<html amp4email></html>" });
    expect(flat).toEqual(
      command({
        email: {
          from: "sender@yourdomain.com",
          fromName: "Jo Doe",
          subject: FLAT.subject,
          html: FLAT.html,
          text: FLAT.text,
          amp: "<html amp4email></html>",
          recipients: { to: [{ email: "user@example.com" }] },
        },
      }),
    );
  });

  test("the flat form takes a string, strings or objects as recipients", () => {
    const to = ["a@example.com", "B <b@example.com>", { email: "c@example.com", name: "C" }];
    const { recipients } = command({
      ...FLAT,
      to,
      cc: "D <d@example.com>",
      bcc: ["e@example.com"],
    });
    expect(recipients).toEqual([
      { address: "a@example.com", name: "", role: "to" },
      { address: "b@example.com", name: "B", role: "to" },
      { address: "c@example.com", name: "C", role: "to" },
      { address: "d@example.com", name: "D", role: "cc" },
      { address: "e@example.com", name: "", role: "bcc" },
    ]);
  });

  test("paths name the form that was used", () => {
    expect(refusedAt(nested({ subject: "a\nb" }))).toBe("email.subject");
    expect(refusedAt({ ...FLAT, subject: "a\nb" })).toBe("subject");
    expect(refusedAt(nested({ recipients: { to: [{ email: "x" }] } }))).toBe(
      "email.recipients.to[0].email",
    );
    expect(refusedAt({ ...FLAT, to: [{ email: "x" }] })).toBe("to[0].email");
    expect(refusedAt({ ...FLAT, to: ["a@example.com", "x"] })).toBe("to[1]");
    expect(refusedAt({ ...FLAT, to: "x" })).toBe("to");
    const mapped = send({ ...FLAT, amp_html: "x" });
    expect(mapped.ok && mapped.value.paths).toEqual({
      from: "from",
      amp: "amp_html",
      attachments: "attachments",
    });
  });

  test.each([
    "from",
    "to",
    "subject",
    "html",
    "text",
    "amp_html",
    "fromName",
    "replyTo",
    "headers",
  ])("%s next to email is refused (C-03)", (key) => {
    expect(refusedAt({ ...SEED, [key]: "x" })).toBe(key);
  });

  test("without from the flat form uses the default sender, the nested one never", () => {
    const { from: _, ...rest } = FLAT;
    const sender = { address: "hello@yourdomain.com", name: "Hello" };
    expect(refusedAt(rest)).toBe("from");
    const used = send({ ...rest, fromName: "Jo" }, sender);
    expect(used.ok && used.value.command.content.from).toEqual({ ...sender, name: "Jo" });
    const refused = send(nested({ from: undefined }), sender);
    expect(!refused.ok && "path" in refused.error && refused.error.path).toBe("email.from");
  });
});

describe("what is missing or wrong", () => {
  const long = (length: number) => "x".repeat(length);
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ email: `u${i}@example.com` }));
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
    ["tracking", nested({ tracking: { opens: false } }), "email.tracking"],
    ["flat tracking", { ...FLAT, tracking: { opens: false } }, "tracking"],
    ["sendAt", { ...SEED, sendAt: "2030-01-01T00:00:00Z" }, "sendAt"],
    ["flat sendAt", { ...FLAT, sendAt: 1_900_000_000 }, "sendAt"],
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

  test("sendAt says that scheduling is not available yet", () => {
    expect(problem({ ...SEED, sendAt: 0 })).toMatchObject({
      reason: expect.stringContaining("scheduled sending is not available yet"),
    });
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

describe("the tracking id", () => {
  const id = " !~".padEnd(200, "x");
  test.each<[string, unknown]>([
    ["at the top", { ...SEED, "x-kasplo-click-tracking-id": id }],
    ["in another case", { ...SEED, "X-Kasplo-Click-Tracking-ID": id }],
    ["inside email", nested({ "X-KASPLO-click-tracking-id": id })],
    [
      "inside metadata",
      { ...SEED, metadata: { "x-kasplo-click-tracking-id": id, messageId: "m" } },
    ],
    ["as tags", { ...SEED, tags: id }],
    ["flat", { ...FLAT, "x-kasplo-click-tracking-id": id }],
  ])("%s becomes tags byte for byte", (_, body) => {
    expect(command(body).tags).toBe(id);
  });

  test.each(["x".repeat(201), "a\tb", "é", "", 5, ["x"]])("%j is refused", (value) => {
    expect(refusedAt({ ...SEED, "x-kasplo-click-tracking-id": value })).toBe(
      "x-kasplo-click-tracking-id",
    );
  });

  test("two different ones are refused, without one messageId is used, without both nothing", () => {
    expect(refusedAt({ ...SEED, tags: "a", metadata: { "x-kasplo-click-tracking-id": "b" } })).toBe(
      "metadata.x-kasplo-click-tracking-id",
    );
    expect(command({ ...FLAT, metadata: { messageId: "m" } }).tags).toBe("m");
    expect(command(FLAT).tags).toBe("");
  });
});

describe("metadata", () => {
  test("ids are lower-cased, own keys are kept, the documented ones do not count", () => {
    const own = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, `v${i}`]));
    const metadata = {
      sendId: "July-01",
      listId: "News.A",
      mailClass: "marketing",
      messageId: "m",
      ...own,
    };
    expect(command({ ...SEED, metadata, onAmbiguous: "hold" })).toMatchObject({
      sendId: "july-01",
      listId: "news.a",
      mailClass: "marketing",
      metadata: { messageId: "m", ...own },
      onAmbiguous: "hold",
    });
  });
});

describe("hostile keys are data", () => {
  test.each(["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"])(
    "%s",
    (key) => {
      const text = JSON.stringify(SEED)
        .replace('"metadata":{', `"${key}":{"polluted":true},"metadata":{"${key}":"kept",`)
        .replace('"email":"recipient@example.com"', `$&,"variables":{"${key}":"kept"}`);
      const { metadata, content } = command(JSON.parse(text));
      expect(Object.entries(metadata)).toContainEqual([key, "kept"]);
      expect(Object.entries(content.variables?.[0] ?? {})).toEqual([[key, "kept"]]);
      expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
      expect(Object.hasOwn({}, "kept")).toBe(false);
    },
  );
});

describe("recipients", () => {
  test("the same address in to and cc is one delivery, the first wins", () => {
    const { recipients, content } = command(
      nested({
        recipients: {
          to: [
            { email: "A@example.com", name: "first", variables: { n: 1 } },
            { email: "b@example.com" },
          ],
          cc: [{ email: "a@EXAMPLE.com", name: "second", variables: { n: 2 } }],
          bcc: [{ email: "c@example.com", variables: { ok: true } }],
        },
      }),
    );
    expect(recipients).toEqual([
      { address: "A@example.com", name: "first", role: "to" },
      { address: "b@example.com", name: "", role: "to" },
      { address: "c@example.com", name: "", role: "bcc" },
    ]);
    expect(content.variables).toEqual([{ n: "1" }, {}, { ok: "true" }]);
  });
});

describe("parts", () => {
  const MB = 1024 * 1024;

  test("autoText derives the text from the HTML, a given text wins", () => {
    const derived = command(nested({ text: undefined, autoText: true, amp: "x" }));
    expect(derived.content.text).toBe("Test Email");
    expect(command(nested({ autoText: true })).content.text).toBe("This is a Multipart email");
    expect(refusedAt(nested({ text: undefined, html: undefined, autoText: true }))).toBe(
      "email.text",
    );
  });

  test("a text part of exactly 5 MB is taken, one byte more is too large", () => {
    expect(command(nested({ text: "é".repeat(2.5 * MB) })).content.text).toHaveLength(2.5 * MB);
    expect(problem(nested({ text: `${"é".repeat(2.5 * MB)}x` }))).toEqual({
      kind: "too_large",
      what: "email.text",
      limitBytes: 5 * MB,
    });
  });

  test("variables may not blow a part up", () => {
    const to = [{ email: "a@example.com", variables: { a: "<".repeat(10_000) } }];
    const html = "{{a}}".repeat(200);
    expect(problem({ ...FLAT, to, html })).toMatchObject({
      kind: "too_large",
      what: "html with to[0].variables",
    });
    expect(command({ ...FLAT, to, text: html, html: "x" }).content.text).toBe(html);
    expect(refusedAt({ ...FLAT, to, subject: "{{a}}" })).toBe("to[0].variables");
  });
});

describe("attachments", () => {
  test("aliases, decoded bytes and the canonical content type", () => {
    const bytes = utf8("a,b\r\n1,2\r\n");
    const content = toBase64(bytes);
    const { attachments, attachmentBytes } = command(
      nested({
        attachments: [
          { filename: "a.csv", content },
          { name: "b.CSV", type: "Text/Plain; charset=utf-8", content, contentId: "<logo@x>" },
          {
            filename: "c.csv",
            contentType: "image/png",
            content: `${content.slice(0, 4)}\r\n${content.slice(4)}`,
          },
        ],
      }),
    ).content;
    expect(attachments).toEqual([
      { filename: "a.csv", contentType: "text/csv", contentId: null },
      { filename: "b.CSV", contentType: "text/csv", contentId: "logo@x" },
      { filename: "c.csv", contentType: "image/png", contentId: null },
    ]);
    expect(attachmentBytes).toEqual([bytes, bytes, bytes]);
  });

  test.each<[string, object, string]>([
    ["no filename", { content: "YQ==" }, "email.attachments[0].filename"],
    ["no content", { filename: "a.csv" }, "email.attachments[0].content"],
    ["a path", { filename: "../a.csv", content: "YQ==" }, "email.attachments[0].filename"],
    ["a Windows path", { filename: "c:\\a.csv", content: "YQ==" }, "email.attachments[0].filename"],
    [
      "a reversed name",
      { filename: "a\u202evsc.exe.csv", content: "YQ==" },
      "email.attachments[0].filename",
    ],
    [
      "300 characters",
      { filename: `${"a".repeat(300)}.csv`, content: "YQ==" },
      "email.attachments[0].filename",
    ],
  ])("%s is an invalid field", (_, attachment, path) => {
    expect(problem(nested({ attachments: [attachment] }))).toMatchObject({
      kind: "invalid_field",
      path,
    });
  });

  test.each(["YQ", "YQ=", "Y Q==", "data:text/csv;base64,YQ==", "YQ==YQ==", "é==="])(
    "%j is no base64",
    (content) => {
      expect(problem({ ...FLAT, attachments: [{ filename: "a.csv", content }] })).toMatchObject({
        kind: "attachment_refused",
        path: "attachments[0].content",
      });
    },
  );

  test("one content id twice is refused", () => {
    const file = { filename: "a.csv", content: "YQ==", contentId: "x" };
    expect(refusedAt(nested({ attachments: [file, file] }))).toBe("email.attachments[1].contentId");
  });
});

test("unknown keys are ignored and null is absent", () => {
  const body = nested(
    { other: 1, fromName: null, replyTo: null, amp: null, headers: { "X-AMP-HTML-Part": "x" } },
    { "content-type": "multipart/alternative", to: null, metadata: null },
  );
  expect(command(body)).toMatchObject({ tags: "", content: { amp: null, headers: [] } });
});
