// Contents go in and come out the same, inline in D1 and as one R2 object, whatever bytes they hold.
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex, utf8 } from "../../src/lib/bytes.ts";
import { isRaw, type MessageContent, type RawContent } from "../../src/model/message.ts";
import { inlineParts, packContent, putContent, storedContent } from "../../src/store/content.ts";
import { type ReadContent, readContent } from "../../src/store/content-read.ts";
import { statement } from "../../src/store/db.ts";

const INLINE_LIMIT = 32 * 1024;

const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
const mailbox = fc.record({ address: text, name: text }, { noNullPrototype: true });
const file = fc.record(
  {
    filename: text,
    contentType: text,
    contentId: fc.option(text),
    bytes: fc.uint8Array({ maxLength: 200 }),
  },
  { noNullPrototype: true },
);

/** Any content; attachments may be empty, and may be views into one buffer. */
const contentArbitrary: fc.Arbitrary<MessageContent> = fc
  .record(
    {
      from: mailbox,
      replyTo: fc.array(mailbox, { maxLength: 2 }),
      subject: text,
      text: fc.option(text),
      html: fc.option(text),
      amp: fc.option(text),
      headers: fc.array(fc.tuple(text, text), { maxLength: 3 }),
      variables: fc.option(
        fc.array(fc.dictionary(text, text, { noNullPrototype: true, maxKeys: 3 }), {
          maxLength: 2,
        }),
      ),
      tracking: fc.record({ opens: fc.boolean(), clicks: fc.boolean() }, { noNullPrototype: true }),
      files: fc.array(file, { maxLength: 3 }),
    },
    { noNullPrototype: true },
  )
  .map(({ files, ...rest }) => ({
    ...rest,
    attachments: files.map(({ bytes: _bytes, ...attachment }) => attachment),
    attachmentBytes: files.map(({ bytes }) => bytes),
  }));

/** A content with its bytes as text, to be compared. */
function plain(content: MessageContent | null) {
  if (!content) return null;
  const { attachmentBytes, ...rest } = content;
  return { ...rest, bytes: attachmentBytes.map((bytes) => hex(bytes)) };
}

/** Through a row of D1 and back. */
async function throughD1(content: MessageContent): Promise<MessageContent | null> {
  const packed = packContent(content);
  const row = await statement(
    env.DB,
    "select ?1 as head, ?2 as parts, null as content_key",
    packed.head,
    inlineParts(packed),
  ).first<{ head: string; parts: string | null; content_key: null }>();
  return row && contentOf(await readContent(env.CONTENT, storedContent(row)));
}

/** Through an object of R2 and back. */
async function throughR2(content: MessageContent): Promise<MessageContent | null> {
  const key = `content/test/${crypto.randomUUID()}`;
  await putContent(env.CONTENT, key, packContent(content));
  const row = { head: null, parts: null, content_key: key };
  return contentOf(await readContent(env.CONTENT, storedContent(row)));
}

function contentOf(read: ReadContent): MessageContent | null {
  return read.kind === "content" && !isRaw(read.content) ? read.content : null;
}

const SMALL: MessageContent = {
  from: { address: "s@edgepost.test", name: "" },
  replyTo: [],
  subject: "",
  text: "",
  html: null,
  amp: null,
  headers: [],
  variables: null,
  tracking: { opens: true, clicks: true },
  attachments: [],
  attachmentBytes: [],
};

describe("a content", () => {
  it("comes out of D1 as it went in", async () => {
    await fc.assert(
      fc.asyncProperty(contentArbitrary, async (content) => {
        expect(plain(await throughD1(content))).toEqual(plain(content));
      }),
      { numRuns: 40 },
    );
  });

  it("comes out of R2 as it went in", async () => {
    await fc.assert(
      fc.asyncProperty(contentArbitrary, async (content) => {
        expect(plain(await throughR2(content))).toEqual(plain(content));
      }),
      { numRuns: 25 },
    );
  });

  it("that is large comes out of R2 as it went in", async () => {
    const bytes = Uint8Array.from({ length: 400_001 }, (_, n) => (n * 7 + (n >> 9)) & 0xff);
    const views = [bytes.subarray(1, 300_000), new Uint8Array(), bytes.subarray(300_000)];
    const attachments = views.map((_, n) => ({
      filename: `${n}.zip`,
      contentType: "application/zip",
      contentId: null,
    }));
    const content = { ...SMALL, text: "ü".repeat(100_000), attachments, attachmentBytes: views };
    const back = await throughR2(content);
    expect(back?.text === content.text).toBe(true);
    const same = back?.attachmentBytes.map((part, n) => hex(part) === hex(views[n] ?? part));
    expect(same).toEqual([true, true, true]);
  });

  it("takes as many bytes as its head and its files, and is inline up to 32 KB of them", () => {
    const head = packContent(SMALL).size;
    const sized = (length: number) => packContent({ ...SMALL, text: "x".repeat(length) });
    const last = sized(INLINE_LIMIT - head);
    expect([last.size, last.inline]).toEqual([INLINE_LIMIT, true]);
    expect(sized(INLINE_LIMIT - head + 1).inline).toBe(false);
    const umlauts = packContent({ ...SMALL, text: "ü".repeat((INLINE_LIMIT - head) / 2 + 1) });
    expect(umlauts.inline).toBe(false);
    const attachments = [{ filename: "", contentType: "", contentId: null }];
    const file = packContent({ ...SMALL, attachments, attachmentBytes: [new Uint8Array(40_000)] });
    expect([file.inline, file.size > 40_000]).toEqual([false, true]);
  });

  it("that came as MIME comes out of both as it went in", async () => {
    const header = utf8("From: s@edgepost.test\r\n");
    const body = Uint8Array.from({ length: 70_000 }, (_, n) => (n * 7) & 0xff);
    for (const raw of [
      { header, body: utf8("Hello\r\n") },
      { header, body },
      { header, body: new Uint8Array() },
    ]) {
      const content: RawContent = { from: SMALL.from, subject: "s", raw, tracking: SMALL.tracking };
      const packed = packContent(content);
      expect(packed.inline).toBe(raw.body.length < INLINE_LIMIT);
      const key = `content/test/${crypto.randomUUID()}`;
      await putContent(env.CONTENT, key, packed);
      const inline = { kind: "inline", head: packed.head, parts: inlineParts(packed) } as const;
      for (const stored of [inline, { kind: "blob", key } as const]) {
        const read = await readContent(env.CONTENT, stored);
        expect(read).toEqual({ kind: "content", content });
      }
    }
  });

  it("that R2 does not take is an error", async () => {
    const failing = new Proxy(env.CONTENT, {
      get: (target, name) =>
        name === "put"
          ? () => Promise.reject(new Error("R2: injected"))
          : Reflect.get(target, name),
    });
    const body = new Uint8Array(100_000);
    const raw = { header: utf8("From: s@edgepost.test\r\n"), body };
    const content: RawContent = { from: SMALL.from, subject: "s", raw, tracking: SMALL.tracking };
    await expect(putContent(failing, "content/x", packContent(content))).rejects.toThrow("R2");
  });

  it("is gone when neither a row nor an object is left", async () => {
    expect(storedContent({ head: null, parts: null, content_key: null })).toEqual({ kind: "gone" });
    const never = { kind: "blob", key: "content/never" } as const;
    expect(await readContent(env.CONTENT, { kind: "gone" })).toEqual({ kind: "gone" });
    expect(await readContent(env.CONTENT, never)).toEqual({ kind: "gone" });
  });

  it("whose row is damaged is an error, not an empty mail", async () => {
    const { head } = packContent(SMALL);
    const reads = [
      { kind: "inline", head, parts: "%%%" },
      { kind: "inline", head: "{", parts: null },
    ] as const;
    for (const stored of reads) await expect(readContent(env.CONTENT, stored)).rejects.toThrow();
  });
});
