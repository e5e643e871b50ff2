import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";
import { compose, needsOwnCopy } from "../../src/compose/compose.ts";
import { concat, fromUtf8 } from "../../src/lib/bytes.ts";
import type { MailClass, MessageContent } from "../../src/model/message.ts";
import { ORIGIN, testLinks } from "../support/tracking.ts";
import { contentOf, MESSAGE, TO } from "./sample.ts";

const links = testLinks();
const CLICKS = { opens: false, clicks: true };

type Options = { readonly links?: null; readonly mailClass?: MailClass };

async function source(parts: Partial<MessageContent>, options: Options = {}): Promise<string> {
  const message = { ...MESSAGE, mailClass: options.mailClass ?? MESSAGE.mailClass };
  const signer = options.links === null ? null : links;
  const { content } = await compose(message, [TO], contentOf(parts), 0, signer);
  return fromUtf8(concat(content));
}

async function mail(parts: Partial<MessageContent>, options: Options = {}) {
  return PostalMime.parse(await source(parts, options));
}

/** The HTML with our links shown by what they say: `→ target`, `open`, `unsubscribe`. */
async function shown(html: string, change: Partial<MessageContent> = {}, options: Options = {}) {
  const parsed = await mail({ html, tracking: CLICKS, ...change }, options);
  let text = parsed.html ?? "";
  for (const [url, path, token = ""] of text.matchAll(
    /https:\/\/mail\.edgepost\.test(\/\w\/)([\w-]+)(?:\.gif)?/g,
  )) {
    const click = path === "/c/" ? await links.read("click", token) : null;
    const unsubscribe = path === "/u/" ? await links.read("unsubscribe", token) : null;
    const open = path === "/o/" ? await links.read("open", token) : null;
    const said = click
      ? `→ ${click.url}`
      : unsubscribe
        ? `unsubscribe ${unsubscribe.address} ${unsubscribe.url}`
        : (open?.kind ?? "BAD");
    text = text.replace(url, said);
  }
  return text.replace(/\n$/, "");
}

describe("links in HTML", () => {
  it.each([
    [
      "entities (A-067)",
      '<a href="https://x/?a=1&amp;b=2">x</a>',
      '<a href="→ https://x/?a=1&b=2">x</a>',
    ],
    [
      "a parameter that looks like one",
      '<a href="https://x/?a=1&copy=2">x</a>',
      '<a href="→ https://x/?a=1&copy=2">x</a>',
    ],
    ["numeric entities", '<a href="https&#58;//x/&#x61;">x</a>', '<a href="→ https://x/a">x</a>'],
    ["single quotes and capitals", "<A HREF='http://x/'>x</A>", '<A HREF="→ http://x/">x</A>'],
    ["no quotes", "<a href=http://x/>x</a>", '<a href="→ http://x/">x</a>'],
    ["image maps", '<area href="https://x/">', '<area href="→ https://x/">'],
    [
      "two alike",
      '<a href="http://x/">1</a><a href="http://x/">2</a>',
      '<a href="→ http://x/">1</a><a href="→ http://x/">2</a>',
    ],
    [
      "conditional comments",
      '<!--[if mso]><v:rect href="https://x/?a&amp;b"><a href="https://y/">z</a><![endif]-->',
      '<!--[if mso]><v:rect href="→ https://x/?a&b"><a href="→ https://y/">z</a><![endif]-->',
    ],
    [
      "the other branch",
      '<!--[if !mso]><!--><a href="https://x/">x</a><!--<![endif]-->',
      '<!--[if !mso]><!--><a href="→ https://x/">x</a><!--<![endif]-->',
    ],
    [
      "data-track=off",
      '<a class=b data-track="off" href="https://x/">x</a>',
      '<a class=b href="https://x/">x</a>',
    ],
    [
      "##UNSUB-LINK## (A-069)",
      '<a href="https://x/u?a=1&amp;b=##UNSUB-LINK##">x</a>',
      '<a href="https://x/u?a=1&amp;b=">x</a>',
    ],
    [
      "##unsubscribetag## (A-070)",
      '<a href="##unsubscribetag##https://ex.com/bye?a=1&amp;b=2">x</a>',
      '<a href="unsubscribe recipient@example.com https://ex.com/bye?a=1&b=2">x</a>',
    ],
    [
      "##unsubscribetag## alone",
      '<a href="##unsubscribetag##">x</a>',
      '<a href="unsubscribe recipient@example.com null">x</a>',
    ],
    [
      "##unsubscribetag## to nowhere",
      '<a href="##unsubscribetag##javascript:alert(1)">x</a>',
      '<a href="unsubscribe recipient@example.com null">x</a>',
    ],
    [
      "{{unsubscribe_url}}",
      '<a href="{{unsubscribe_url}}">x</a>',
      '<a href="unsubscribe recipient@example.com null">x</a>',
    ],
  ])("rewrites or marks %s", async (_name, html, expected) => {
    expect(await shown(html)).toBe(expected);
  });

  it.each([
    '<a href="mailto:a@example.com?subject=x&amp;body=y">x</a>',
    '<a href="tel:+4930123">x</a>',
    '<a href="#top">x</a>',
    '<a href="">x</a>',
    "<a href>x</a>",
    '<a name="x">x</a>',
    '<a href="/relative?a&amp;b">x</a>',
    '<a href="//example.com/">x</a>',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="cid:logo">x</a>',
    '<a href="https://x/?a&fjlig;">an entity that is not known</a>',
    '<link rel="stylesheet" href="https://x/a.css"><base href="https://x/">',
    '<img src="https://x/a.png"><form action="https://x/"></form>',
    '<!-- <a href="https://x/">x</a> -->',
    '<textarea><a href="https://x/">x</a></textarea>',
    "<p>https://x/ is a text</p>",
    `<a href="https://x/${"x".repeat(4_100)}">x</a>`,
  ])("leaves as it is: %s", async (html) => {
    expect(await shown(html)).toBe(html);
  });

  it("tracks what variables make of an href, and escapes nothing twice", async () => {
    const html = '<a href="{{url}}?n={{n}}">{{n}}</a><a href="{{mail}}">x</a>';
    const variables = [{ url: "https://x/", n: "a&b", mail: "mailto:a@example.com" }];
    expect(await shown(html, { variables })).toBe(
      '<a href="→ https://x/?n=a&b">a&amp;b</a><a href="mailto:a@example.com">x</a>',
    );
  });

  it("does not track its own links again", async () => {
    const url = await links.urlOf({
      kind: "click",
      messageId: MESSAGE.id,
      position: 0,
      index: 0,
      url: "https://x/",
    });
    expect((await mail({ html: `<a href="${url}">x</a>`, tracking: CLICKS })).html).toContain(url);
  });

  it("cannot be led astray by text that looks like its marks", async () => {
    const html = 'edgepost-mark-0; edgepost-mark-x1;<a href="https://x/">edgepost-mark-xx0;</a>';
    expect(await shown(html)).toBe(html.replace("https://x/", "→ https://x/"));
  });

  it("tracks the first 1,000 links and leaves the others", async () => {
    const html = '<a href="https://x/">x</a>'.repeat(1_010);
    const text = (await mail({ html, tracking: CLICKS })).html ?? "";
    expect(text.split(`"${ORIGIN}/c/`).length - 1).toBe(1_000);
    expect(text.split('"https://x/"').length - 1).toBe(10);
  });

  it("sends HTML that is too ambiguous to parse, its unsubscribe tags replaced", async () => {
    const odd = '<select><xmp></select><a href="https://x/">x</a>';
    const html = `${odd}<a href="##unsubscribetag##">u</a><a href="https://y/##UNSUB-LINK##">v</a>`;
    expect(await shown(html)).toBe(
      `${odd}<a href="unsubscribe recipient@example.com null">u</a><a href="https://y/">v</a>`,
    );
  });

  it("leaves text and AMP alone", async () => {
    const amp = '<html amp4email><body><a href="https://x/">x</a></body></html>';
    const text = "See https://x/ and https://y/";
    const read = await source({ html: '<a href="https://x/">x</a>', text, amp, tracking: CLICKS });
    expect(read).toContain(text);
    expect(read).toContain(amp);
  });

  it("gives the same bytes at every attempt", async () => {
    const parts = { html: '<a href="https://x/">x</a>', tracking: { opens: true, clicks: true } };
    expect(await source(parts)).toBe(await source(parts));
  });
});

describe("the pixel", () => {
  const OPENS = { tracking: { opens: true, clicks: false } };
  const PIXEL =
    '<img src="open" width="1" height="1" alt="" style="border:0;width:1px;height:1px">';
  it.each([
    [
      "before </body>",
      "<html><body><p>x</p></BODY></html>",
      `<html><body><p>x</p>${PIXEL}</BODY></html>`,
    ],
    ["at the end", "<p>x</p>", `<p>x</p>${PIXEL}`],
    ["once", "<body>a</body><body>b</body>", `<body>a${PIXEL}</body><body>b</body>`],
  ])("stands %s", async (_name, html, expected) => {
    expect(await shown(html, OPENS)).toBe(expected);
  });

  it("is left out when opens are not tracked, clicks when those are not", async () => {
    const html = '<body><a href="https://x/">x</a></body>';
    expect(await shown(html, { tracking: { opens: false, clicks: false } })).toBe(html);
    expect(await shown(html, OPENS)).toBe(html.replace("</body>", `${PIXEL}</body>`));
  });
});

describe("without PUBLIC_URL", () => {
  it("nothing is tracked, but marks are still removed", async () => {
    const html =
      '<body><a href="https://x/">x</a><a data-track="off" href="https://y/##UNSUB-LINK##">y</a>' +
      '<a href="##unsubscribetag##https://z/">z</a></body>';
    const change = { tracking: { opens: true, clicks: true } };
    expect(await shown(html, change, { links: null, mailClass: "marketing" })).toBe(
      '<body><a href="https://x/">x</a><a href="https://y/">y</a><a href="https://z/">z</a></body>',
    );
    const { headers } = await mail({ html, ...change }, { links: null, mailClass: "marketing" });
    expect(headers.filter(({ key }) => key.startsWith("list-"))).toEqual([]);
  });
});

describe("List-Unsubscribe", () => {
  const fields = async (mailClass: MailClass, headers: MessageContent["headers"] = []) => {
    const read = await mail({ text: "x", headers }, { mailClass });
    return read.headers
      .filter(({ key }) => key.startsWith("list-"))
      .map(({ key, value }) => [key, value]);
  };

  it("stands on every marketing message, with one click (RFC 8058)", async () => {
    const address = TO.address;
    const url = await links.urlOf({
      kind: "unsubscribe",
      messageId: MESSAGE.id,
      position: 0,
      address,
      url: null,
    });
    expect(await fields("marketing")).toEqual([
      ["list-unsubscribe", `<${url}>`],
      ["list-unsubscribe-post", "List-Unsubscribe=One-Click"],
    ]);
  });

  it("is not on transactional mail, and never beside the sender's own", async () => {
    expect(await fields("transactional")).toEqual([]);
    const own = [["List-Unsubscribe", "<mailto:u@x.com>"]] as const;
    expect(await fields("marketing", own)).toEqual([["list-unsubscribe", "<mailto:u@x.com>"]]);
  });
});

describe("needsOwnCopy", () => {
  it.each([
    ["a text", { text: "x" }, false],
    ["untracked HTML", { html: '<a href="x">x</a>' }, false],
    ["a pixel", { html: "x", tracking: { opens: true, clicks: false } }, true],
    ["a link", { html: '<a href="x">x</a>', tracking: CLICKS }, true],
    ["HTML without a link", { html: "x", tracking: CLICKS }, false],
    ["an unsubscribe link in the text", { text: "{{unsubscribe_url}}" }, true],
  ] as const)("for %s: %s", (_name, parts, own) => {
    const content = contentOf(parts);
    expect(needsOwnCopy(MESSAGE, content, links)).toBe(own);
    expect(needsOwnCopy(MESSAGE, content, null)).toBe(false);
    expect(needsOwnCopy({ mailClass: "marketing" }, content, links)).toBe(true);
  });
});
