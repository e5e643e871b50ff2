// The texts of a foreign message that are written anew: HTML for its reader, over-long lines for the wire.
// Everything around them stays, byte for byte; postal-mime reads what became of them.
import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";
import { compose, needsOwnCopy } from "../../src/compose/compose.ts";
import { concat, fromUtf8, hex, toBase64, utf8 } from "../../src/lib/bytes.ts";
import type { Links } from "../../src/model/link.ts";
import type { RawContent, RawMessage, Recipient } from "../../src/model/message.ts";
import { decodeTransfer } from "../../src/model/mime/transfer.ts";
import { testLinks } from "../support/tracking.ts";
import { assertWire, MESSAGE, TO } from "./sample.ts";

const links = testLinks();
const RECIPIENTS: readonly Recipient[] = [TO, { ...TO, address: "other@example.com" }];
const IDS = "Date: x\r\nMessage-ID: <y>\r\n";

function contentOf(raw: RawMessage): RawContent {
  const from = { address: "a@edgepost.test", name: "" };
  return { from, subject: "", raw, tracking: { opens: true, clicks: true } };
}

/** A message of header lines and a body. */
function rawOf(header: string, body: string | Uint8Array): RawContent {
  const bytes = typeof body === "string" ? utf8(body) : body;
  return contentOf({ header: utf8(`${IDS}${header}`), body: bytes });
}

async function bytesOf(content: RawContent, own: Links | null = links, position = 0) {
  const composed = await compose(MESSAGE, RECIPIENTS, content, position, own);
  const bytes = concat(composed.content);
  expect([composed.size, composed.eightBit]).toEqual([
    bytes.length,
    bytes.some((one) => one > 127),
  ]);
  return bytes;
}

const sourceOf = async (content: RawContent, own: Links | null = links, position = 0) =>
  fromUtf8(await bytesOf(content, own, position));

/** The HTML of a message as its reader gets it, and its header. */
async function htmlOf(content: RawContent, own: Links | null = links) {
  const mail = await PostalMime.parse(await bytesOf(content, own));
  return mail.html ?? "";
}

const PIXEL = /<img src="https:\/\/mail\.edgepost\.test\/o\/[\w-]+\.gif" width="1" [^>]+>/;
const CLICK = /https:\/\/mail\.edgepost\.test\/c\/[\w-]+/;
const UNSUBSCRIBE = /https:\/\/mail\.edgepost\.test\/u\/[\w-]+/;
const HTML = "Content-Type: text/html; charset=utf-8\r\n";
const LINK = '<body><a href="https://a.test/?x=1&amp;y=ä">ä</a></body>';
const tracked = (html: string) =>
  html.replace(PIXEL, "PIXEL").replace(CLICK, "CLICK").replace(UNSUBSCRIBE, "UNSUBSCRIBE").trim();
const TRACKED = '<body><a href="CLICK">ä</a>PIXEL</body>';

describe("an HTML part", () => {
  it.each([
    ["7bit", "", LINK.replaceAll("ä", "&auml;")],
    ["8bit", "Content-Transfer-Encoding: 8bit\r\n", LINK],
    [
      "quoted-printable",
      "Content-Transfer-Encoding: quoted-printable\r\n",
      LINK.replaceAll("=", "=3D").replaceAll("ä", "=C3=A4"),
    ],
    ["base64", "Content-Transfer-Encoding: base64\r\n", toBase64(utf8(LINK))],
  ])("in %s gets its pixel and its links, and keeps its encoding", async (name, field, body) => {
    const content = rawOf(`${HTML}${field}`, `${body}\r\n`);
    expect(needsOwnCopy(MESSAGE, content, links)).toBe(true);
    const html = tracked(await htmlOf(content));
    // A reference that is not known for certain is left alone, and its link with it.
    expect(html).toBe(
      name === "7bit" ? LINK.replaceAll("ä", "&auml;").replace("</body>", "PIXEL</body>") : TRACKED,
    );
    const source = await sourceOf(content);
    expect(source.startsWith(`${IDS}${HTML}${field}\r\n`)).toBe(true);
    expect(source.endsWith("\r\n")).toBe(true);
    expect(await sourceOf(content)).toBe(source);
    expect(await sourceOf(content, links, 1)).not.toBe(source);
  });

  it.each([
    ["iso-8859-1", Uint8Array.of(0xe4)],
    ["windows-1252", Uint8Array.of(0xe4)],
    ["koi8-r", Uint8Array.of(0xc1)],
    ["us-ascii", Uint8Array.of(0xe4)],
  ])("in %s keeps its octets", async (charset, letter) => {
    const before = utf8("<p>");
    const link = utf8('<a href="https://a.test/">');
    const body = concat([before, letter, link, letter, utf8("</a>")]);
    const header = `Content-Type: text/html; charset=${charset}\r\nContent-Transfer-Encoding: 8bit\r\n`;
    const bytes = await bytesOf(rawOf(header, body));
    const text = hex(bytes);
    expect(text).toContain(
      hex(concat([utf8(`${header}\r\n<p>`), letter, utf8('<a href="https://mail.')])),
    );
    expect(text).toContain(hex(concat([utf8('">'), letter, utf8("</a><img ")])));
  });

  it("in a charset that we do not write becomes UTF-8, and says so", async () => {
    const octets = Uint8Array.of(0xc4, 0xe3, 0xba, 0xc3);
    const header =
      "Content-Type: text/html;\r\n charset=gb2312\r\nX-Kept: 1\r\nContent-Transfer-Encoding: 8bit\r\n";
    const source = await sourceOf(rawOf(header, concat([utf8("<p>"), octets])));
    expect(source.split("\r\n\r\n")[0]).toBe(
      `${IDS}Content-Type: text/html; charset=utf-8\r\nX-Kept: 1\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0`,
    );
    expect(tracked(await htmlOf(rawOf(header, concat([utf8("<p>"), octets]))))).toBe(
      "<p>你好PIXEL",
    );
  });

  it.each([
    ["of an unknown charset", "Content-Type: text/html; charset=x-nobody\r\n", LINK],
    [
      "that is not in its charset",
      "Content-Type: text/html; charset=utf-8\r\n",
      Uint8Array.of(0x3c, 0xff),
    ],
    ["that is an attachment", `${HTML}Content-Disposition: attachment\r\n`, LINK],
    ["that has a file name", "Content-Type: text/html; name=a.html\r\n", LINK],
  ])("%s is left alone", async (_name, header, body) => {
    const content = rawOf(header, body);
    expect(needsOwnCopy(MESSAGE, content, links)).toBe(false);
    const bytes = typeof body === "string" ? utf8(body) : body;
    expect(hex(await bytesOf(content))).toBe(hex(concat([utf8(`${IDS}${header}\r\n`), bytes])));
  });

  it("keeps placeholders that are not ours", async () => {
    const content = rawOf(HTML, "<p>{{name}} {{ unsubscribe_url }} {{#each}}");
    expect(tracked(await htmlOf(content))).toBe("<p>{{name}} UNSUBSCRIBE {{#each}}PIXEL");
  });

  it("gets its unsubscribe links in all three forms", async () => {
    const html = [
      '<a href="##unsubscribetag##https://a.test/bye">1</a>',
      '<a href="https://a.test/u?##UNSUB-LINK##">2</a>',
      '<a href="{{unsubscribe_url}}">3</a>',
    ];
    const written = (await htmlOf(rawOf(HTML, html.join("\r\n")))).trim().split("\n");
    expect(written.map((line) => tracked(line).replace("PIXEL", ""))).toEqual([
      '<a href="UNSUBSCRIBE">1</a>',
      '<a href="https://a.test/u?">2</a>',
      '<a href="UNSUBSCRIBE">3</a>',
    ]);
    const untracked = await htmlOf(rawOf(HTML, html.join("\r\n")), null);
    expect(
      untracked
        .trim()
        .split("\n")
        .map((line) => line.trim()),
    ).toEqual([
      '<a href="https://a.test/bye">1</a>',
      '<a href="https://a.test/u?">2</a>',
      '<a href="">3</a>',
    ]);
  });

  it("that nothing is to be done for stays as it came without tracking", async () => {
    const content = rawOf(HTML, LINK);
    expect(needsOwnCopy(MESSAGE, content, null)).toBe(false);
    expect(await sourceOf(content, null)).toBe(`${IDS}${HTML}\r\n${LINK}`);
  });

  it("whose links make its lines too long becomes quoted-printable", async () => {
    const url = `https://a.test/${"x".repeat(800)}`;
    const content = rawOf(`MIME-Version: 1.0\r\n${HTML}`, `<a href="${url}">1</a>\r\n`);
    const source = await sourceOf(content);
    assertWire(await bytesOf(content));
    expect(source).toContain(`${HTML}Content-Transfer-Encoding: quoted-printable\r\n\r\n`);
    expect(tracked(await htmlOf(content))).toBe('<a href="CLICK">1</a>\nPIXEL');
  });

  it("of several: one pixel, and no two links with the same number", async () => {
    const parts = [1, 2].map((n) => `--b\r\n${HTML}\r\n<a href="https://a.test/${n}">${n}</a>\r\n`);
    const content = rawOf(
      "Content-Type: multipart/mixed; boundary=b\r\n",
      `${parts.join("")}--b--\r\n`,
    );
    const source = await sourceOf(content);
    expect(source.match(new RegExp(PIXEL, "g"))).toHaveLength(1);
    const tokens = [...source.matchAll(/\/c\/([\w-]+)/g)].map(([, token]) => token ?? "");
    const read = await Promise.all(tokens.map((token) => links.read("click", token)));
    expect(read.map((link) => link && [link.index, link.url])).toEqual([
      [0, "https://a.test/1"],
      [1_000, "https://a.test/2"],
    ]);
  });
});

describe("what a change would break", () => {
  it.each([
    ["signed", "multipart/signed; protocol=x"],
    ["encrypted", "multipart/encrypted; protocol=x"],
  ])("is left alone: %s", async (_name, type) => {
    const long = "x".repeat(1_200);
    const body = `--b\r\n${HTML}\r\n${LINK}${long}\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n`;
    const header = `Content-Type: ${type}; boundary=b\r\n`;
    const content = rawOf(header, body);
    expect(needsOwnCopy(MESSAGE, content, links)).toBe(false);
    expect(await sourceOf(content)).toBe(`${IDS}${header}\r\n${body}`);
  });

  it("is left alone: an attached message, AMP, plain text, and the order of all of them (C-05)", async () => {
    const plain = "--b\r\nContent-Type: text/plain\r\n\r\n{{unsubscribe_url}} https://a.test/\r\n";
    const amp = `--b\r\nContent-Type: text/x-amp-html\r\n\r\n<html ⚡4email>${LINK}\r\n`;
    const html = `--b\r\n${HTML}\r\n${LINK}\r\n`;
    const attached = `--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n${HTML}\r\n${LINK}\r\n--b--\r\n`;
    const header = "Content-Type: multipart/alternative; boundary=b\r\n";
    const source = await sourceOf(rawOf(header, plain + html + amp + attached));
    const [before = "", rest = ""] = source.split(`${HTML}\r\n`, 2);
    expect(before).toBe(`${IDS}${header}\r\n${plain}--b\r\n`);
    expect(tracked(rest.slice(0, rest.indexOf("\r\n--b")))).toBe(TRACKED);
    expect(source.endsWith(`\r\n${amp}${attached}`)).toBe(true);
  });
});

describe("a text with lines over 998 octets", () => {
  const long = `${"größer ".repeat(200)}\r\n.\r\nend`;

  it("is written in quoted-printable, and reads the same", async () => {
    const content = rawOf("Content-Type: text/plain; charset=utf-8; x=y\r\n", `${long}\r\n`);
    expect(needsOwnCopy(MESSAGE, content, links)).toBe(false);
    const bytes = await bytesOf(content);
    assertWire(bytes);
    expect(fromUtf8(bytes).split("\r\n\r\n")[0]).toBe(
      `${IDS}Content-Type: text/plain; charset=utf-8; x=y\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0`,
    );
    const body = bytes.subarray(fromUtf8(bytes).indexOf("\r\n\r\n") + 4);
    expect(fromUtf8(decodeTransfer(body, "quoted-printable"))).toBe(`${long}\r\n`);
  });

  it("keeps octets whose charset nobody knows", async () => {
    const octets = new Uint8Array(1_100).fill(0xc1);
    const content = rawOf(
      "Content-Type: text/html; charset=x-nobody\r\nContent-Transfer-Encoding: 8bit\r\n",
      octets,
    );
    const bytes = await bytesOf(content);
    assertWire(concat([bytes, utf8("\r\n")]));
    const text = fromUtf8(bytes);
    expect(text).toContain("Content-Transfer-Encoding: quoted-printable\r\nMIME-Version");
    const body = bytes.subarray(text.indexOf("\r\n\r\n") + 4);
    expect(hex(decodeTransfer(body, "quoted-printable"))).toBe(hex(octets));
  });
});
