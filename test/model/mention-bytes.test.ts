import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";
import { fromUtf8, toBase64, utf8 } from "../../src/lib/bytes.ts";
import { mentionsOf, type Reach } from "../../src/model/mention.ts";
import { bytesWithout, mimeWithout } from "../../src/model/mention-bytes.ts";

const ANN = "ann+news@example.com";
const FORM = "xxx+xxxx@xxxxxxx.xxx";
const mentions = (reach: Reach) => mentionsOf(ANN, reach);

describe("bytes of a file", () => {
  it("are overwritten where they name the address, in place, and keep its form", () => {
    const bytes = utf8(`\u0000PK ${ANN.toUpperCase()};joann+news@example.com;${ANN}\u00ff`);
    const changed = bytesWithout(bytes, mentions("other"));
    expect(changed).toEqual(utf8(`\u0000PK ${FORM};joann+news@example.com;${FORM}\u00ff`));
    expect(bytesWithout(utf8("nothing of it"), mentions("other"))).toBeNull();
  });
});

/** A mail with these lines. */
const mail = (...lines: readonly string[]) => utf8(lines.join("\r\n"));

async function read(bytes: Uint8Array | null) {
  if (!bytes) throw new Error("nothing was found");
  return PostalMime.parse(bytes);
}

describe("a mail", () => {
  it("names it no more in its header, nor in an encoded-word", async () => {
    const word = `=?utf-8?B?${toBase64(utf8(`Ann <${ANN}>`))}?=`;
    const before = mail(`To: "${ANN}" <${ANN}>, bob@example.com`, `Subject: ${word} x`, "", "hi");
    const after = mimeWithout(before, mentions("other"));
    expect(after?.length).toBe(before.length);
    const { to, subject } = await read(after);
    expect(to).toEqual([
      { address: FORM, name: "" },
      { address: "bob@example.com", name: "" },
    ]);
    expect(subject).toMatch(/^x+ x$/);
  });

  it.each([
    ["a soft line break", "to ann+news=\r\n@exam=\r\nple.com."],
    ["encoded octets", "to =41nn=2Bnews=40example.com."],
    ["itself", `to ${ANN}.`],
  ])(
    "names it no more in quoted-printable with %s, where it was sent to it",
    async (_how, body) => {
      const head = ["Content-Type: text/plain", "Content-Transfer-Encoding: quoted-printable", ""];
      const before = mail(...head, body);
      const after = mimeWithout(before, mentions("sent"));
      expect(after?.length).toBe(before.length);
      const { text } = await read(after);
      expect(text?.trim()).toMatch(/^to [x+@.]+\.$/);
      expect(fromUtf8(after ?? utf8("ann")).toLowerCase()).not.toContain("ann");
    },
  );

  it("names it no more in base64, line by line as long as it was", async () => {
    const text = `Dear ${ANN},\r\n${"much ".repeat(40)}${ANN}`;
    const lines = toBase64(utf8(text)).match(/.{1,76}/g) ?? [];
    const part = ["Content-Transfer-Encoding: base64", "Content-Type: text/plain", "", ...lines];
    const type = 'Content-Type: multipart/mixed; boundary="b"';
    const before = mail("Subject: x", type, "", "--b", ...part, "--b--", "");
    const after = mimeWithout(before, mentions("other"));
    expect(after?.length).toBe(before.length);
    expect((await read(after)).text?.trim()).toBe(text.replaceAll(ANN, FORM));
  });

  it("that does not name it is told so", () => {
    expect(
      mimeWithout(mail("Subject: x", "", "joann+news@example.com"), mentions("sent")),
    ).toBeNull();
  });
});
