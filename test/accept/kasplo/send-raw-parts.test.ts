// The parts of a message as its sender made it, at the door (contract 1.6; A-041): AMP, attachments, breadth and
// depth. check/raw.test.ts has the rules.
import { describe, expect, it } from "vitest";
import { fromUtf8, toBase64, utf8 } from "../../../src/lib/bytes.ts";
import { countOf } from "../../support/ledger.ts";
import { headerWith, mime } from "../../support/raw.ts";
import { givenDomain } from "../../support/world.ts";
import { expectError } from "./native.ts";
import { asSent, rawWire } from "./raw-wire.ts";

const { post, ask, refused, delivered } = rawWire();

const MARKUP =
  '<!doctype html><html ⚡4email data-css-strict><head><meta charset="utf-8"><script async src="https://cdn.ampproject.org/v0.js"></script></head><body>Hi</body></html>';

describe("an AMP part (A-041)", () => {
  const PARTS = {
    plain: "--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n",
    html: "--b\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n",
    amp: `--b\r\nContent-Type: text/x-amp-html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${MARKUP}\r\n`,
  };

  /** A mail of these parts from a domain whose approved From names are these. */
  async function ampFrom(names: readonly string[], parts: readonly (keyof typeof PARTS)[]) {
    const domain = `${crypto.randomUUID()}.test`;
    await givenDomain(domain, { amp: names });
    const body = parts.map((name) => PARTS[name]).join("");
    return `From: Shop <a@${domain}>\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n${body}--b--\r\n`;
  }

  it.each([
    ["plain", "html", "amp"],
    ["plain", "amp", "html"],
    ["amp", "plain", "html"],
  ] as const)("arrives unchanged in its place, here %s %s %s (C-05)", async (...parts) => {
    const message = await ampFrom(["Shop"], parts);
    expect((await post(message)).status).toBe(200);
    expect((await delivered()).map(asSent)).toEqual([message]);
  });

  it.each([
    ["without text", ["html", "amp"] as const],
    ["without HTML", ["plain", "amp"] as const],
  ])("%s is refused", async (_name, parts) => {
    await refused(await post(await ampFrom(["*"], parts)), "text/x-amp-html");
  });

  it("without an approval of the From name is refused", async () => {
    const answer = await post(await ampFrom(["Other"], ["plain", "html", "amp"]));
    await expectError(answer, { status: 403, code: "amp_not_approved" });
    expect(await countOf("messages")).toBe(0);
  });

  it("that loads what AMP forbids is refused", async () => {
    const message = await ampFrom(["*"], ["plain", "html", "amp"]);
    const bad = message.replace("v0.js", 'v0.js"></script><script src="http://evil.test/x.js');
    await refused(await post(bad), "text/x-amp-html");
  });
});

describe("attachments", () => {
  const withFile = (name: string, bytes: Uint8Array) =>
    mime(headerWith("Content-Type: multipart/mixed; boundary=b"), [
      "--b",
      "",
      "Hello",
      "--b",
      `Content-Type: application/octet-stream; name="${name}"`,
      "Content-Transfer-Encoding: base64",
      "",
      toBase64(bytes).replace(/.{76}(?=.)/g, "$&\r\n"),
      "--b--",
    ]);

  it("arrive byte for byte, from R2 too", async () => {
    const bytes = new Uint8Array(100_000).map((_, n) => (n * 7) & 0xff);
    bytes.set(utf8("%PDF-1.7"));
    const message = withFile("a.pdf", bytes);
    const id = (await post(message)).headers.get("X-Message-Id") ?? "";
    expect(await countOf("contents")).toBe(0);
    const raw = await ask("GET", `/v1/messages/${id}/raw`);
    const [sent = ""] = await delivered();
    expect(asSent(sent)).toBe(message);
    expect(fromUtf8(new Uint8Array(await raw.arrayBuffer()))).toBe(sent);
  });

  it("that are not allowed, or not what they claim, are refused", async () => {
    for (const name of ["a.exe", "a.pdf"]) {
      const answer = await post(withFile(name, utf8("MZ not a PDF")));
      const message = await expectError(answer, { status: 400, code: "attachment_refused" });
      expect(message).toContain("part 2: ");
    }
    expect(await countOf("messages")).toBe(0);
  });

  it.each([
    ["100,000 parts", `${"--b\r\n\r\n".repeat(100_000)}--b--`],
    [
      "10,000 parts in each other",
      Array.from(
        { length: 10_000 },
        (_, n) => `--b\r\nContent-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}`,
      ).join("\r\n"),
    ],
  ])("in %s are refused", async (_name, body) => {
    const message = mime(headerWith("Content-Type: multipart/mixed; boundary=b"), [body]);
    expect((await post(message)).status).toBe(400);
    expect(await countOf("messages")).toBe(0);
  });
});
