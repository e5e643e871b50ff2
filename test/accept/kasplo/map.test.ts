import { describe, expect, test } from "vitest";
import { toBase64, utf8 } from "../../../src/lib/bytes.ts";
import { command, FLAT, nested, problem, refusedAt, SEED, send } from "./bodies.ts";

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
        tracking: { opens: true, clicks: true },
      },
      recipients: [{ address: "recipient@example.com", name: "", role: "to" }],
      tags: "custom-id-value",
      sendId: null,
      listId: null,
      mailClass: null,
      metadata: { messageId: "custom-id-value" },
      onAmbiguous: "retry",
      sendAt: null,
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
      recipients: "to",
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
