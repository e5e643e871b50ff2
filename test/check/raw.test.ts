// The parts of foreign messages are judged as those of any other: files by name and bytes, AMP by what stands
// beside it, texts and lines by their size (A-041; reliability §5.2).
import { describe, expect, it } from "vitest";
import { checkRaw } from "../../src/check/raw.ts";
import { toBase64, utf8 } from "../../src/lib/bytes.ts";
import type { RawMessage } from "../../src/model/message.ts";

const MB = 1024 * 1024;
const RULE = { ampPath: "text/x-amp-html", limitBytes: 25 * MB };

function rawOf(text: string): RawMessage {
  const cut = text.indexOf("\r\n\r\n");
  return { header: utf8(text.slice(0, cut + 2)), body: utf8(text.slice(cut + 4)) };
}

type Piece = readonly [header: string, body: string];

/** A multipart of these parts. */
function multipart(type: string, parts: readonly Piece[], boundary = "b"): Piece {
  const children = parts.map(([header, body]) => `--${boundary}\r\n${header}\r\n\r\n${body}\r\n`);
  const header = `Content-Type: multipart/${type}; boundary=${boundary}`;
  return [header, `${children.join("")}--${boundary}--`];
}

const messageOf = ([header, body]: Piece) => rawOf(`${header}\r\n\r\n${body}\r\n`);
const TEXT: Piece = ["Content-Type: text/plain", "Hello"];
const mixed = (...parts: readonly Piece[]) => messageOf(multipart("mixed", [TEXT, ...parts]));

function refusal(raw: RawMessage, rule = RULE): string {
  const result = checkRaw(raw, rule);
  if (result.ok) return "fine";
  const problem = result.error;
  if ("path" in problem) return `${problem.kind} ${problem.path}: ${problem.reason}`;
  return "what" in problem ? `${problem.kind} ${problem.what}` : problem.kind;
}

/** A file in base64. */
function file(header: string, bytes: Uint8Array): Piece {
  return [
    `${header}\r\nContent-Transfer-Encoding: base64`,
    toBase64(bytes).replace(/.{76}(?=.)/g, "$&\r\n"),
  ];
}

const PDF = utf8("%PDF-1.7 x");
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0);
const EXE = Uint8Array.of(0x4d, 0x5a, 0x90, 0);
const attached = (name: string, type = "application/octet-stream") =>
  `Content-Type: ${type}\r\nContent-Disposition: attachment; ${name}`;

describe("files", () => {
  it.each([
    ["a PDF", file(attached('filename="a.pdf"', "application/pdf"), PDF)],
    ["one of an unknown type", file(attached("filename=a.pdf"), PDF)],
    ["one without a Content-Type", file("Content-Disposition: attachment; filename=a.pdf", PDF)],
    ["an inline image without a name", file("Content-Type: image/png\r\nContent-ID: <a>", PNG)],
    ["an encoded name", file(attached("filename*=utf-8''%C3%A4.pdf"), PDF)],
    ["a CSV that is not encoded", [attached("filename=a.csv", "text/csv"), "a,b\r\n1,2"] as const],
    [
      "a CSV in quoted-printable",
      [
        `${attached("filename=a.csv", "text/csv")}\r\nContent-Transfer-Encoding: quoted-printable`,
        "=C3=A4,b",
      ] as const,
    ],
    ["a signature", ["Content-Type: text/plain", "-- \r\nMZ"] as const],
  ])("may be %s", (_name, piece) => {
    expect(refusal(mixed(piece))).toBe("fine");
  });

  it.each([
    ["an extension that is not allowed", file(attached("filename=a.exe"), EXE), ".exe"],
    ["bytes that contradict the name", file(attached("filename=a.pdf"), EXE), "its bytes are not"],
    [
      "a type that contradicts the name",
      file(attached("filename=a.pdf", "image/png"), PDF),
      "image/png",
    ],
    ["a double extension", file(attached("filename=a.pdf.exe"), PDF), ".exe"],
    [
      "a second name that is worse",
      file(`${attached("filename=a.pdf")}; filename=b.exe`, PDF),
      ".exe",
    ],
    [
      "a name of Content-Type that is worse",
      file(attached("filename=a.pdf").replace("stream", 'stream; name="b.exe"'), PDF),
      ".exe",
    ],
    [
      "an encoded name that is worse",
      file(`${attached("filename=a.pdf")}; filename*=''b%2Eexe`, PDF),
      ".exe",
    ],
    ["a name in encoded-words", file(attached('filename="=?utf-8?q?a=2Eexe?="'), EXE), ".exe"],
    ["a path", file(attached('filename="../a.pdf"'), PDF), "path separators"],
    [
      "a name that reads backwards",
      file(attached("filename*=utf-8''%E2%80%AEfdp.pdf"), PDF),
      "direction",
    ],
    ["no name and a type that is not allowed", file("Content-Type: image/gif", EXE), "image/gif"],
    [
      "no name and bytes that contradict the type",
      file("Content-Type: image/png", EXE),
      "its bytes are not",
    ],
    ["no name and no type", file("Content-Disposition: attachment", EXE), "its bytes are not"],
    [
      "HTML as an attachment",
      [
        "Content-Disposition: attachment; filename=a.html\r\nContent-Type: text/html",
        "<p>",
      ] as const,
      ".html",
    ],
    [
      "an executable named as text",
      ["Content-Type: text/plain; name=a.exe", "MZ"] as const,
      ".exe",
    ],
  ])("may not have %s", (_name, piece, reason) => {
    const told = refusal(mixed(piece));
    expect(told).toContain("attachment_refused part 2: ");
    expect(told).toContain(reason);
  });

  it("are looked for in every part, in attached messages too", () => {
    const deep = multipart("related", [TEXT, file(attached("filename=a.exe"), EXE)], "c");
    expect(refusal(mixed(deep))).toContain("attachment_refused part 2.2");
    const [header, body] = deep;
    const message: Piece = [
      "Content-Type: message/rfc822",
      `From: x@y.test\r\n${header}\r\n\r\n${body}`,
    ];
    expect(refusal(mixed(message))).toContain("attachment_refused part 2.1.2");
    expect(refusal(messageOf(file(attached("filename=a.exe"), EXE)))).toContain("refused message");
    expect(refusal(mixed(["Content-Type: message/rfc822", "From: x@y.test\r\n\r\nHello"]))).toBe(
      "fine",
    );
  });

  it("are counted decoded and together; a signature counts too", () => {
    const pdf = (bytes: number) => {
      const content = new Uint8Array(bytes);
      content.set(utf8("%PDF"));
      return file(attached("filename=a.pdf"), content);
    };
    const rule = { ...RULE, limitBytes: 1_000 };
    expect(refusal(mixed(pdf(500), pdf(500)), rule)).toBe("fine");
    expect(refusal(mixed(pdf(500), pdf(501)), rule)).toBe("too_large all attachments");
    const opaque = file("Content-Type: application/pkcs7-mime", new Uint8Array(1_001));
    expect(refusal(messageOf(opaque), rule)).toBe("too_large all attachments");
  });

  it("in an encryption are nobody's to judge, and a signature needs no extension", () => {
    const sealed = multipart("encrypted", [
      ["Content-Type: application/pgp-encrypted", "Version: 1"],
      ["Content-Type: application/octet-stream; name=encrypted.asc", "-----BEGIN PGP MESSAGE-----"],
    ]);
    expect(refusal(messageOf(sealed))).toBe("fine");
    const signature = file("Content-Type: application/pkcs7-signature; name=smime.p7s", EXE);
    expect(refusal(messageOf(multipart("signed", [TEXT, signature])))).toBe("fine");
    const hidden = multipart("signed", [TEXT, file(attached("filename=a.exe"), EXE)]);
    expect(refusal(messageOf(hidden))).toContain("attachment_refused part 2");
  });
});

const HTML: Piece = ["Content-Type: text/html", "<p>Hello</p>"];
const AMP: Piece = ["Content-Type: text/x-amp-html; charset=utf-8", "<html ⚡4email>ä</html>"];

describe("an AMP part (A-041)", () => {
  const alternative = (...parts: readonly Piece[]) => messageOf(multipart("alternative", parts));

  it("is found beside its fallbacks, in any order, with images beside the HTML", () => {
    const related = multipart("related", [HTML, file("Content-Type: image/png", PNG)], "c");
    for (const raw of [
      alternative(TEXT, AMP, HTML),
      alternative(TEXT, HTML, AMP),
      alternative(TEXT, AMP, related),
      messageOf(multipart("mixed", [multipart("alternative", [TEXT, AMP, HTML], "c")])),
    ]) {
      expect(checkRaw(raw, RULE)).toEqual({ ok: true, value: { amp: AMP[1] } });
    }
    expect(checkRaw(alternative(TEXT, HTML), RULE)).toEqual({ ok: true, value: { amp: null } });
  });

  it("is decoded", () => {
    const encoded = file("Content-Type: text/x-amp-html", utf8("<html amp4email>ä"));
    const amp = "<html amp4email>ä";
    expect(checkRaw(alternative(TEXT, encoded, HTML), RULE)).toEqual({ ok: true, value: { amp } });
  });

  it.each([
    ["without text", alternative(AMP, HTML), "needs both"],
    ["without HTML", alternative(TEXT, AMP), "needs both"],
    [
      "with fallbacks elsewhere",
      messageOf(multipart("mixed", [TEXT, HTML, AMP])),
      "multipart/alternative",
    ],
    ["alone", messageOf(AMP), "multipart/alternative"],
    ["twice", alternative(TEXT, AMP, AMP, HTML), "once"],
    [
      "that is not in its charset",
      alternative(
        TEXT,
        file("Content-Type: text/x-amp-html; charset=utf-8", Uint8Array.of(0xff)),
        HTML,
      ),
      "is not utf-8",
    ],
  ])("%s is refused", (_name, raw, reason) => {
    const told = refusal(raw);
    expect(told).toContain("invalid_field text/x-amp-html: ");
    expect(told).toContain(reason);
  });
});

describe("sizes", () => {
  it("of a text are at most 5 MB, decoded", () => {
    const lines = (bytes: number) => `${"x".repeat(126)}\r\n`.repeat(bytes / 128);
    expect(refusal(mixed(["Content-Type: text/html", lines(5 * MB - 128)]))).toBe("fine");
    expect(refusal(mixed(["Content-Type: text/html", lines(5 * MB + 128)]))).toBe(
      "too_large part 2",
    );
    const calendar = file("Content-Type: text/calendar", new Uint8Array(5 * MB + 1).fill(0x61));
    expect(refusal(mixed(calendar))).toBe("too_large part 2");
  });

  it("of a line are at most 998 octets, where no text of ours to write holds it", () => {
    const line = "x".repeat(999);
    expect(refusal(mixed(["Content-Type: text/html", line]))).toBe("fine");
    expect(refusal(rawOf(`Subject: x\r\n\r\n${line}\r\n`))).toBe("fine");
    for (const header of [
      "Content-Type: text/calendar",
      "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable",
      "Content-Type: text/csv; name=a.csv",
    ]) {
      expect(refusal(mixed([header, line]))).toContain("invalid_field part 2: has over 998 octets");
    }
    const signed = multipart("signed", [["Content-Type: text/plain", line], TEXT]);
    expect(refusal(messageOf(signed))).toContain("part 1: has over 998 octets in line 4");
    const preamble = rawOf(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${line}\r\n--b\r\n\r\nx\r\n--b--\r\n`,
    );
    expect(refusal(preamble)).toContain("message: has over 998 octets in line 1");
    expect(refusal(mixed(["Content-Type: text/calendar", "x".repeat(998)]))).toBe("fine");
  });
});

it("a structure that is wrong is told with its part", () => {
  expect(refusal(rawOf("Content-Type: multipart/mixed\r\n\r\nx"))).toContain(
    "invalid_field message:",
  );
  const inner: Piece = ["Content-Type: multipart/mixed", "x"];
  expect(refusal(mixed(inner))).toContain("invalid_field part 2: is multipart/mixed but has no");
});
