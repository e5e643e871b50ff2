// What a stranger may send: a mail is read within bounds of size, lines, parts and depth, or not at all
// (5.2 oversize, depth, bombs).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDsn } from "../../src/inbound/dsn.ts";
import { readMail, returnedHeader } from "../../src/inbound/read-mail.ts";
import { utf8 } from "../../src/lib/bytes.ts";
import { dsn, FAILED_GROUP, filled, incoming } from "./mails.ts";

const MIB = 1024 * 1024;
const ABOUT = { email: "a@example.com", messageId: "m", returnPath: "b+x@y" };

function read(raw: string | Uint8Array<ArrayBuffer>) {
  const mail = incoming(raw, "x@y");
  return readMail(mail.raw, mail.rawSize);
}

/** A mail of so many parts, one after the other. */
function broad(parts: number, part: string): string {
  const body = `--a\n${part}\n`.repeat(parts);
  return `From: a@b\nMessage-ID: <1@x>\nContent-Type: multipart/mixed; boundary=a\n\n${body}--a--\n`;
}

/** A mail of parts that hold each other. */
function deep(levels: number): string {
  let text = "From: a@b\nMessage-ID: <1@x>\n";
  for (let n = 0; n < levels; n++) {
    text += `Content-Type: multipart/mixed; boundary=b${n}x\n\n--b${n}x\n`;
  }
  return `${text}Content-Type: text/plain\n\nx\n`;
}

describe("readMail", () => {
  it("reads header, subject, text and the parts of a report", async () => {
    const mail = await read(filled(dsn([FAILED_GROUP]), ABOUT));
    expect(mail?.subject).toBe("Undelivered Mail Returned to Sender");
    expect(mail?.headers.get("auto-submitted")).toBe("auto-replied");
    expect(mail?.text).toContain("This is the mail system at host");
    expect(mail?.parts.map(({ type }) => type)).toEqual([
      "message/delivery-status",
      "message/rfc822",
    ]);
    expect(mail && returnedHeader(mail).get("message-id")).toBe("<m@edgepost.test>");
  });

  it("reads the start of a mail of 25 MiB, and a report that stands there", async () => {
    const returned = `From: x@y\n\n${`${"x".repeat(76)}\n`.repeat(340_000)}`;
    const report = filled(dsn([FAILED_GROUP], returned), ABOUT);
    expect(report.length).toBeGreaterThan(25 * MIB);
    const started = Date.now();
    const mail = await read(report);
    expect(mail && readDsn(mail)).toHaveLength(1);
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  it("stays quick with 25 MiB of empty lines, of one line, of noise", async () => {
    const started = Date.now();
    await read(new Uint8Array(25 * MIB).fill(10));
    await read(utf8(`From: a@b\n\n${"x".repeat(25 * MIB)}`));
    const noise = new Uint8Array(25 * MIB);
    for (let n = 0; n < noise.length; n += 65_536) {
      crypto.getRandomValues(noise.subarray(n, n + 65_536));
    }
    await read(noise);
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  it("reads the first of 10,000 parts, whatever they are", async () => {
    const status = `Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n${FAILED_GROUP.trim()}\n`;
    for (const part of [
      "\nx",
      "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n=3D",
      "Content-Type: message/rfc822\n\nFrom: x@y\n\nx",
      "Content-Type: multipart/mixed; boundary=a\n\nx",
    ]) {
      const mail = await read(broad(10_000, part).replace("--a\n", `--a\n${status}\n--a\n`));
      if (mail) expect(readDsn(mail)).toHaveLength(1);
      // Parts that open the same boundary again nest.
      else expect(part).toContain("multipart");
    }
  });

  it("gives up what is nested deeper than any report, without a crash", async () => {
    expect(await read(deep(10))).not.toBeNull();
    expect(await read(deep(17))).toBeNull();
    expect(await read(deep(10_000))).toBeNull();
  });

  it("gives up a header that is longer than any", async () => {
    expect(await read(`X: ${"x".repeat(300_000)}\n\nx`)).toBeNull();
    expect(await read(`${"X: y\n".repeat(60_000)}\nx`)).not.toBeNull();
  });

  it("throws when the stream breaks off, so that the mail comes again", async () => {
    const { raw } = incoming("From: a@b\n\nx", "x@y");
    await expect(readMail(raw, 100)).rejects.toThrow("broke off");
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error("gone")),
    });
    await expect(readMail(broken, 100)).rejects.toThrow("broke off");
  });

  it("takes any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        const mail = await read(new Uint8Array(bytes));
        if (mail) readDsn(mail);
      }),
      { numRuns: 200 },
    );
  });
});
