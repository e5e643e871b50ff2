// Messages that came as MIME, as one recipient gets them: what was missing is added, nothing else changes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compose, needsOwnCopy } from "../../src/compose/compose.ts";
import { concat, fromUtf8, utf8 } from "../../src/lib/bytes.ts";
import type { Links } from "../../src/model/link.ts";
import type { MailClass, RawContent, Recipient } from "../../src/model/message.ts";
import { testLinks } from "../support/tracking.ts";
import { MESSAGE } from "./sample.ts";

const links = testLinks();
const RECIPIENTS: readonly Recipient[] = ["a@example.com", "b@example.com"].map((address) => ({
  address,
  name: "",
  role: "to",
}));

function rawOf(header: string, body: string | Uint8Array, address = "s@edgepost.test"): RawContent {
  return {
    from: { address, name: "" },
    subject: "",
    raw: { header: utf8(header), body: typeof body === "string" ? utf8(body) : body },
    tracking: { opens: true, clicks: true },
  };
}

const composed = (
  content: RawContent,
  { mailClass = "transactional", position = 0, links: own = links }: Partial<Choice> = {},
) => compose({ ...MESSAGE, mailClass }, RECIPIENTS, content, position, own);
type Choice = { mailClass: MailClass; position: number; links: Links | null };

async function sourceOf(content: RawContent, choice: Partial<Choice> = {}): Promise<string> {
  return fromUtf8(concat((await composed(content, choice)).content));
}

const FROM = "From: s@edgepost.test\r\n";
const COMPLETE = `${FROM}Date: x\r\nMessage-Id: <y>\r\n`;

describe("a message that came as MIME", () => {
  it("gets the Date and the Message-ID that it lacks, the same ones at every attempt", async () => {
    const source = await sourceOf(rawOf(FROM, "Hello\r\n"));
    expect(source).toBe(
      `${FROM}Date: Fri, 07 Feb 2025 06:07:14 +0000\r\nMessage-ID: <${MESSAGE.id}@edgepost.test>\r\n\r\nHello\r\n`,
    );
    expect(await sourceOf(rawOf(FROM, "Hello\r\n"))).toBe(source);
    expect(await sourceOf(rawOf(COMPLETE, ""))).toBe(`${COMPLETE}\r\n`);
  });

  it("is not copied: its body is the very bytes that were stored", async () => {
    const content = rawOf(COMPLETE, "Hello\r\n");
    const { content: chunks, size } = await composed(content);
    const { buffer, byteOffset } = content.raw.body;
    const last = chunks.at(-1);
    expect(last?.buffer === buffer && last.byteOffset === byteOffset).toBe(true);
    expect(size).toBe(concat(chunks).length);
  });

  it("keeps every byte of any body", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (body) => {
        const bytes = concat((await composed(rawOf(COMPLETE, body))).content);
        expect([...bytes.subarray(bytes.length - body.length)]).toEqual([...body]);
        expect(bytes.length).toBe(COMPLETE.length + 2 + body.length);
      }),
    );
  });

  it.each([
    ["ASCII", FROM, "x", "s@edgepost.test", false, false],
    ["an umlaut in its body", FROM, "ä", "s@edgepost.test", true, false],
    ["an umlaut in its header", `${FROM}Subject: ä\r\n`, "x", "s@edgepost.test", true, false],
    ["an umlaut in its From address", "From: ä@a.test\r\n", "x", "ä@a.test", true, true],
  ])("with %s asks for what it needs", async (_name, header, body, from, eightBit, smtputf8) => {
    expect(await composed(rawOf(header, body, from))).toMatchObject({ eightBit, smtputf8 });
  });
});

describe("List-Unsubscribe", () => {
  const marketing = { mailClass: "marketing" } as const;

  it("is each recipient's own on marketing mail", async () => {
    const content = rawOf(COMPLETE, "x");
    expect(needsOwnCopy(marketing, content, links)).toBe(true);
    const one = await sourceOf(content, marketing);
    const two = await sourceOf(content, { ...marketing, position: 1 });
    for (const source of [one, two]) {
      expect(source).toMatch(
        /^List-Unsubscribe:\s+<https:\/\/mail\.edgepost\.test\/u\/[\w-]+>\r$/m,
      );
      expect(source).toContain("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nx");
    }
    expect(one).not.toBe(two);
  });

  it("is not added to other mail, beside one of the sender's, or when links lead nowhere", async () => {
    const own = rawOf(`${COMPLETE}LIST-Unsubscribe: <mailto:u@a.test>\r\n`, "x");
    const content = rawOf(COMPLETE, "x");
    expect(await sourceOf(own, marketing)).not.toContain("One-Click");
    expect(await sourceOf(content)).not.toContain("Unsubscribe");
    expect(await sourceOf(content, { ...marketing, links: null })).not.toContain("Unsubscribe");
    for (const [mailClass, message, given] of [
      ["marketing", own, links],
      ["transactional", content, links],
      ["marketing", content, null],
    ] as const) {
      expect(needsOwnCopy({ mailClass }, message, given)).toBe(false);
    }
  });
});
