// E-01 from the door to the relay: what is accepted arrives as it was meant (A-003, A-005…A-007,
// A-021… …A-030). What a mail client would read is read by postal-mime.
import { describe, expect, it } from "vitest";
import PostalMime from "postal-mime";
import { concat, toBase64, utf8 } from "../../src/lib/bytes.ts";
import { consume } from "../../src/queue/consume.ts";
import { bytesOf } from "../peers/client.ts";
import { countOf, events } from "../support/ledger.ts";
import { queueWorld } from "../support/queue-world.ts";
import { tracking } from "../support/tracking.ts";
import { email, givenDomain } from "../support/world.ts";
import { wire } from "./wire.ts";

const { post, delivered } = wire();

type Failure = { statusCode: number; message: string };

async function refused(answer: Response): Promise<readonly [number, number]> {
  expect(await countOf("messages")).toBe(0);
  return [answer.status, (await answer.json<Failure>()).statusCode];
}

const MARKUP =
  '<!doctype html><html ⚡4email data-css-strict><head><meta charset="utf-8"><script async src="https://cdn.ampproject.org/v0.js"></script></head><body>Hi</body></html>';

/** An AMP mail from a domain whose approved From names are these. */
async function ampFrom(names: readonly string[], change: Record<string, unknown> = {}) {
  const domain = `${crypto.randomUUID()}.test`;
  await givenDomain(domain, { amp: names });
  const from = { from: `a@${domain}`, fromName: "Shop" };
  return email({ ...from, text: "t", html: "<p>h</p>", amp: MARKUP, ...change });
}

describe("AMP", () => {
  it("goes between text and html (A-003)", async () => {
    expect((await post(await ampFrom(["Shop"]))).status).toBe(200);
    const [seen] = await delivered();
    const types = [...(seen?.raw.matchAll(/^Content-Type: ([a-z/-]+)/gim) ?? [])].map(([, t]) => t);
    expect(types).toEqual(["multipart/alternative", "text/plain", "text/x-amp-html", "text/html"]);
  });

  it.each([
    ["without an approval (A-005)", []],
    ["with an approval of another From name (A-006)", ["Other"]],
  ])("%s is refused with 403/1009 and nothing is queued", async (_name, names) => {
    expect(await refused(await post(await ampFrom(names)))).toEqual([403, 1009]);
  });

  it("with an approval of any From name passes (A-006)", async () => {
    expect((await post(await ampFrom(["*"]))).status).toBe(200);
  });

  it.each([
    '<script async src="https://evil.example/v0.js"></script>',
    '<amp-img src="http://img.example/a.png" width="1" height="1"></amp-img>',
  ])("with %s is refused with 400/1002, which names the URL (A-007)", async (bad) => {
    const answer = await post(await ampFrom(["*"], { amp: MARKUP.replace("Hi", bad) }));
    const { message } = await answer.clone().json<Failure>();
    expect(await refused(answer)).toEqual([400, 1002]);
    expect(message).toContain(/src="([^"]+)"/.exec(bad)?.[1]);
  });
});

describe("tracking", () => {
  it("is off for a domain whatever the message says, and costs no other round trip", async () => {
    const queue = tracking();
    const world = await queueWorld({}, queue);
    await givenDomain("quiet.test", { tracking: { opens: false, clicks: false } });
    const mail = (from: string) => ({
      from,
      html: '<a href="https://shop.example/">x</a>',
      tracking: { opens: true, clicks: true },
      metadata: { mailClass: "marketing" },
    });
    await world.send(["a@example.com"], mail("shop@quiet.test"));
    world.d1.reset();
    await world.send(["b@example.com"], mail("shop@quiet.test"));
    expect(world.d1.calls()).toHaveLength(1);
    await world.send(["c@example.com"], mail("shop@edgepost.test"));
    await consume(world.app);
    const { messages } = await world.peer.log();
    await world.stop();
    const html = await Promise.all(
      messages.map(async ({ content }) => (await PostalMime.parse(bytesOf(content))).html ?? ""),
    );
    const [quiet, , tracked] = html;
    expect(quiet?.trim()).toBe('<a href="https://shop.example/">x</a>');
    expect(tracked).toMatch(/<a href="https:\/\/mail\.edgepost\.test\/c\/.*<img /s);
  });
});

const MB = 1024 * 1024;
const ZIP = Uint8Array.of(0x50, 0x4b, 0x03, 0x04, 0x14, 0, 0, 0, 8, 0);
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0);
const FILES: readonly (readonly [string, Uint8Array])[] = [
  ["Rechnung für März.pdf", utf8("%PDF-1.7\n%âãÏÓ\r\n\0.\r\n")],
  ["a.docx", concat([ZIP, utf8("[Content_Types].xml")])],
  ["a.png", PNG],
  ["a.jpg", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16)],
  ["a.csv", utf8("name,size\r\nJo,5\n=1+1\n")],
  ["a.zip", concat([ZIP, utf8("a.txt")])],
];

function withFiles(files: readonly (readonly [string, Uint8Array])[]) {
  const attachments = files.map(([filename, bytes]) => ({ filename, content: toBase64(bytes) }));
  return email({ attachments });
}

describe("attachments", () => {
  it("arrive with their bytes and their names (A-021)", async () => {
    expect((await post(withFiles(FILES))).status).toBe(200);
    const [seen] = await delivered();
    const arrived = seen?.mail.attachments.map(({ filename, content }) => [
      filename,
      content instanceof ArrayBuffer ? toBase64(new Uint8Array(content)) : content,
    ]);
    expect(arrived).toEqual(FILES.map(([name, bytes]) => [name, toBase64(bytes)]));
  });

  it.each([
    ["an .exe", "a.exe", Uint8Array.of(0x4d, 0x5a, 0x90)],
    ["a PNG named .pdf", "a.pdf", PNG],
    ["a double extension", "a.pdf.exe", utf8("%PDF-1.7\n")],
  ])("of the wrong kind are refused with 400/1005: %s (A-022)", async (_name, name, bytes) => {
    expect(await refused(await post(withFiles([[name, bytes]])))).toEqual([400, 1005]);
  });

  it.each([
    [25 * MB, 200],
    [25 * MB + 1, 413],
  ])("of %i bytes together are answered with %i (A-023)", async (size, status) => {
    const bytes = new Uint8Array(size);
    bytes.set(utf8("%PDF-1.7\n"));
    const answer = await post(withFiles([["a.pdf", bytes]]));
    expect(answer.status).toBe(status);
    if (status === 413) expect(await refused(answer)).toEqual([413, 1006]);
    else expect(await countOf("messages")).toBe(1);
  });
});

describe("variables", () => {
  it("are escaped in html and left as they are in text (A-024)", async () => {
    const to = [
      { email: "a@example.com", variables: { name: "<b>" } },
      { email: "b@example.com", variables: { name: "Bo" } },
      { email: "c@example.com" },
    ];
    const body = { text: "Hi {{name}}.", html: "<p>Hi {{name}}.</p>", recipients: { to } };
    expect((await post(email(body))).status).toBe(200);
    const seen = new Map((await delivered()).map(({ to: [one], mail }) => [one, mail]));
    const read = (address: string) => {
      const mail = seen.get(address);
      return [mail?.text?.trim(), mail?.html?.trim()];
    };
    expect(read("a@example.com")).toEqual(["Hi <b>.", "<p>Hi &lt;b&gt;.</p>"]);
    expect(read("b@example.com")).toEqual(["Hi Bo.", "<p>Hi Bo.</p>"]);
    expect(read("c@example.com")).toEqual(["Hi .", "<p>Hi .</p>"]);
  });
});

const ID = "x-kasplo-click-tracking-id";
const LONG = Array.from({ length: 200 }, (_, n) => String.fromCharCode(0x21 + (n % 94))).join("");

describe("what events say of the sender's ids", () => {
  it.each([
    ["200 characters of a tracking id, byte for byte (A-028)", { [ID]: LONG }, LONG],
    ["the key in another case (A-029)", { "X-Kasplo-Click-Tracking-ID": "T" }, "T"],
    ["the key inside metadata (A-029)", { metadata: { [ID]: "T" } }, "T"],
    [
      "only a message id (A-030)",
      { metadata: { messageId: "custom-id-value" } },
      "custom-id-value",
    ],
    ["both: the tracking id wins (A-030)", { [ID]: "T", metadata: { messageId: "m" } }, "T"],
    ["neither", {}, ""],
  ])("%s", async (_name, change, tags) => {
    expect((await post({ ...email(), ...change })).status).toBe(200);
    await delivered();
    expect((await events()).map((event) => event.tags)).toEqual([tags]);
  });

  it.each([`${LONG}x`, "a\tb", "é", ""])("%j is no tracking id: 400/1002 (A-028)", async (id) => {
    expect(await refused(await post({ ...email(), [ID]: id }))).toEqual([400, 1002]);
  });

  it("is the send id in lower case (A-025)", async () => {
    await post({ ...email(), metadata: { sendId: "July-01" } });
    await delivered();
    expect((await events()).map(({ sendId }) => sendId)).toEqual(["july-01"]);
  });

  it("is nothing that only stands in an HTTP header (A-029)", async () => {
    expect((await post(email(), { [ID]: "T" })).status).toBe(200);
    await delivered();
    expect((await events()).map(({ tags }) => tags)).toEqual([""]);
  });
});
