// Contents of a batch go in together and come out one by one, inline and in R2, also after one was taken out.
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Content, MessageContent } from "../../src/model/message.ts";
import { putChunks } from "../../src/store/content.ts";
import { inlineItems, itemChunks, packItems } from "../../src/store/content-items.ts";
import { type Objects, readContent } from "../../src/store/content-read.ts";
import { rewriteObject, rewrittenInline } from "../../src/store/content-rewrite.ts";

function content(text: string, files: readonly Uint8Array[]): MessageContent {
  return {
    from: { address: "s@edgepost.test", name: "" },
    replyTo: [],
    subject: text,
    text,
    html: null,
    amp: null,
    headers: [],
    variables: null,
    attachments: files.map((_, n) => ({
      filename: `${n}.csv`,
      contentType: "text/csv",
      contentId: null,
    })),
    attachmentBytes: files,
    tracking: { opens: true, clicks: false },
  };
}

const contents = fc.array(
  fc
    .tuple(
      fc.string({ unit: "grapheme" }),
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 3 }),
    )
    .map(([text, files]) => content(text, files)),
  { minLength: 1, maxLength: 8 },
);

/** With bytes as arrays, so that views of other buffers are compared by what they show. */
function plain(read: Awaited<ReturnType<typeof readContent>>) {
  if (read.kind !== "content" || "raw" in read.content) return read.kind;
  const { attachmentBytes, ...rest } = read.content;
  return { ...rest, attachmentBytes: attachmentBytes.map((bytes) => [...bytes]) };
}

it("come out as they went in, each by its number, and no other number has any", async () => {
  await fc.assert(
    fc.asyncProperty(contents, async (all) => {
      const packed = packItems(all);
      const key = `content/test/${crypto.randomUUID()}`;
      await putChunks(env.CONTENT, key, itemChunks(packed), {});
      const objects: Objects = new Map();
      const expected = all.map((one) => plain({ kind: "content", content: one }));
      for (const [piece, one] of [...expected, "gone"].entries()) {
        const inline = { kind: "inline", ...inlineItems(packed), piece } as const;
        const blob = { kind: "blob", key, piece } as const;
        expect(plain(await readContent(env.CONTENT, inline))).toEqual(one);
        expect(plain(await readContent(env.CONTENT, blob))).toEqual(one);
        expect(plain(await readContent(env.CONTENT, { ...blob, whole: true }, objects))).toEqual(
          one,
        );
      }
      expect(objects.size).toBe(1);
    }),
    { numRuns: 25 },
  );
});

it("stay as they are when one of them is taken out or changed", async () => {
  const all = ["one", "two", "three"].map((text) => content(text, [Uint8Array.of(1, 2)]));
  const change = (one: Content, piece: number | null): Content | null =>
    piece === 0 ? null : piece === 1 ? { ...content("changed", []), from: one.from } : one;
  const key = `content/test/${crypto.randomUUID()}`;
  await putChunks(env.CONTENT, key, itemChunks(packItems(all)), {});
  await rewriteObject(env.CONTENT, key, change);
  const inline = rewrittenInline(inlineItems(packItems(all)), change);
  for (const [piece, text] of [null, "changed", "three"].entries()) {
    const places = [
      { kind: "blob", key, piece } as const,
      { kind: "inline", head: inline?.head ?? "", parts: inline?.parts ?? null, piece } as const,
    ];
    for (const place of places) {
      const read = await readContent(env.CONTENT, place);
      const seen = read.kind === "content" && "text" in read.content ? read.content.text : null;
      expect(seen).toBe(text);
    }
  }
});
