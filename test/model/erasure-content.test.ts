import { describe, expect, it } from "vitest";
import { fromUtf8, utf8 } from "../../src/lib/bytes.ts";
import { contentWithout } from "../../src/model/erasure-content.ts";
import { mentionsOf } from "../../src/model/mention.ts";
import { isRaw, type MessageContent } from "../../src/model/message.ts";

const ANN = "ann@example.com";
const mentions = mentionsOf(ANN, "sent");

const content: MessageContent = {
  from: { address: "shop@edgepost.test", name: `Shop for ${ANN}` },
  replyTo: [
    { address: "Ann@example.com", name: "" },
    { address: "desk@example.com", name: `desk of ${ANN}` },
  ],
  subject: `Hello ${ANN}`,
  text: `Dear ${ANN}`,
  html: `<a href="https://x/?q=ann%40example.com">${ANN}</a>`,
  amp: null,
  headers: [["X-For", ANN]],
  variables: [{ name: "Bob" }, { name: "Ann", phone: "1" }, { of: ANN }],
  attachments: [{ filename: `${ANN}.csv`, contentType: "text/csv", contentId: null }],
  attachmentBytes: [utf8(`a,${ANN}`)],
  tracking: { opens: true, clicks: true },
};

const { attachmentBytes: _bytes, ...built } = content;

function without(position: number | null): MessageContent {
  const left = contentWithout(content, mentions, position);
  if (isRaw(left)) throw new Error("it is raw");
  return left;
}

describe("a content", () => {
  it("loses the variables of a recipient and every mention; the sender stays", () => {
    const { attachmentBytes, ...left } = without(1);
    expect(left).toEqual({
      ...built,
      from: { address: "shop@edgepost.test", name: "Shop for [erased]" },
      replyTo: [{ address: "desk@example.com", name: "desk of [erased]" }],
      subject: "Hello [erased]",
      text: "Dear [erased]",
      html: '<a href="https://x/?q=[erased]">[erased]</a>',
      headers: [["X-For", "[erased]"]],
      variables: [{ name: "Bob" }, {}, { of: "[erased]" }],
      attachments: [{ filename: "[erased].csv", contentType: "text/csv", contentId: null }],
    });
    expect(attachmentBytes.map(fromUtf8)).toEqual([`a,xxx@xxxxxxx.xxx`]);
  });

  it("loses the number of the subscriber from its link tags", () => {
    const utm = { source: "news", campaign: "july", domains: null, subscribers: [1, 2, null] };
    const left = contentWithout({ ...content, utm }, mentions, 1);
    expect("utm" in left && left.utm).toEqual({ ...utm, subscribers: [1, null, null] });
  });

  it("is the same object when nothing of it changes", () => {
    const other = mentionsOf("bob@example.com", "sent");
    expect(contentWithout(content, other, null)).toBe(content);
    const twice = contentWithout(content, mentions, 1);
    expect(contentWithout(twice, mentions, 1)).toBe(twice);
  });

  it("from the address itself keeps its sender: the account's own", () => {
    const own = { ...content, from: { address: ANN, name: "" } };
    expect(contentWithout(own, mentions, 1).from).toEqual({ address: ANN, name: "" });
  });
});

describe("a content that came as MIME", () => {
  const raw = (from: string) => ({
    from: { address: from, name: `Desk of ${ANN}` },
    subject: `For ${ANN}`,
    raw: {
      header: utf8(`From: ${from}\r\nTo: ${ANN}, bob@example.com\r\nSubject: For ${ANN}\r\n`),
      body: utf8(`Dear ${ANN}\r\n`),
    },
    tracking: { opens: false, clicks: false },
  });

  it.each([
    ["shop@edgepost.test", "shop@edgepost.test"],
    [ANN, ANN],
  ])("loses every mention but its sender %s", (sender, left) => {
    const content = raw(sender);
    const changed = contentWithout(content, mentions, 0);
    expect(changed).toMatchObject({
      from: { address: sender, name: "Desk of [erased]" },
      subject: "For [erased]",
    });
    const { header, body } = isRaw(changed) ? changed.raw : content.raw;
    const form = "xxx@xxxxxxx.xxx";
    expect([fromUtf8(header), fromUtf8(body)]).toEqual([
      `From: ${left}\r\nTo: ${form}, bob@example.com\r\nSubject: For ${form}\r\n`,
      `Dear ${form}\r\n`,
    ]);
    expect(contentWithout(changed, mentions, 0)).toBe(changed);
  });
});
