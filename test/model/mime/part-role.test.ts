// What parts are for: what is judged as a file, what is text, what nobody may touch.
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/lib/bytes.ts";
import { isOpenText, roleOf } from "../../../src/model/mime/part-role.ts";
import { allParts, parseStructure } from "../../../src/model/mime/structure.ts";

/** A message whose parts inside this multipart have these headers. */
function partsIn(multipart: string, ...headers: readonly string[]) {
  const children = headers.map((header) => `--b\r\n${header}\r\n\r\nx\r\n`);
  const root = parseStructure({
    header: utf8(`Content-Type: multipart/${multipart}; boundary=b\r\n`),
    body: utf8(`${children.join("")}--b--\r\n`),
  });
  if (!root.ok) throw new Error(root.error.reason);
  return allParts(root.value).slice(1);
}

const inMixed = (header: string) => partsIn("mixed", header)[0];

describe("a part", () => {
  it.each([
    ["X: no type", "text"],
    ["Content-Type: text/html", "text"],
    ["Content-Type: text/calendar", "text"],
    ["Content-Type: text/html\r\nContent-Disposition: inline", "text"],
    ["Content-Type: text/html\r\nContent-Disposition: attachment", "file"],
    ["Content-Type: text/html\r\nContent-Disposition: inline; filename=x.html", "file"],
    ["Content-Type: text/plain; name=x.exe", "file"],
    ["Content-Type: text/plain; name*0=x.e; name*1=xe", "file"],
    ["Content-Type: image/png\r\nContent-ID: <x>", "file"],
    ["Content-Type: application/octet-stream", "file"],
    ["Content-Type: message/delivery-status", "text"],
    ["Content-Type: message/partial", "file"],
    ["Content-Type: application/pkcs7-mime; name=smime.p7m", "cryptographic"],
    ["Content-Type: application/pgp-signature", "file"],
  ])("with %j is %s", (header, role) => {
    const part = inMixed(header);
    expect(part && roleOf(part)).toBe(role);
  });

  it("is a signature behind what it signs, and only there", () => {
    const signature = "Content-Type: application/pkcs7-signature; name=smime.p7s";
    const roles = (...headers: readonly string[]) => partsIn("signed", ...headers).map(roleOf);
    expect(roles("X: y", signature)).toEqual(["text", "cryptographic"]);
    expect(roles(signature, signature)).toEqual(["file", "cryptographic"]);
    expect(roles("X: y", "Content-Type: application/octet-stream; name=x.exe")).toEqual([
      "text",
      "file",
    ]);
    const encrypted = [
      "Content-Type: application/pgp-encrypted",
      "Content-Type: application/octet-stream",
    ];
    expect(partsIn("encrypted", ...encrypted).map(roleOf)).toEqual([
      "cryptographic",
      "cryptographic",
    ]);
  });

  it("is open to change when it is HTML or plain text that nothing seals", () => {
    const open = (multipart: string, header: string) => {
      const [part] = partsIn(multipart, header);
      return part && isOpenText(part);
    };
    expect(open("mixed", "Content-Type: text/html")).toBe(true);
    expect(open("mixed", "X: y")).toBe(true);
    expect(open("signed", "Content-Type: text/html")).toBe(false);
    expect(open("encrypted", "Content-Type: text/html")).toBe(false);
    expect(open("mixed", "Content-Type: text/html\r\nContent-Disposition: attachment")).toBe(false);
    expect(open("mixed", "Content-Type: text/x-amp-html")).toBe(false);
    expect(open("mixed", "Content-Type: text/calendar")).toBe(false);
  });
});
