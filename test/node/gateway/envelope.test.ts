// The two grammars of the envelope as values; whole dialogues stand in session.test.ts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completeMailLine, recipientOf, senderOf } from "../../../gateway/envelope.ts";
import { parseAddress } from "../../../src/model/address.ts";

describe("a MAIL command", () => {
  it.each([
    ["mail FROM:<mailer> size=509", "MAIL FROM:<mailer@no-domain.invalid> size=509"],
    ["MAIL FROM:<a@b.test>", "MAIL FROM:<a@b.test>"],
    ["MAIL  FROM : a@b.test BODY=7BIT", "MAIL FROM:<a@b.test> BODY=7BIT"],
    ["MAIL FROM:<>", "MAIL FROM:<>"],
    ["MAIL FROM:", "MAIL FROM:"],
    ["MAIL TO:<a>", "MAIL TO:<a>"],
    ["MAIL FROM:<a> <b>", "MAIL FROM:<a@no-domain.invalid> <b>"],
  ])("%j is completed to %j", (line, complete) => {
    expect(completeMailLine(line)).toBe(complete);
  });
});

describe("a sender", () => {
  it.each([
    ["mailer@no-domain.invalid", "mailer"],
    ["a@B.test", "a@b.test"],
    ["root@localhost", "root@localhost"],
    ["a@[10.0.0.1]", "a@[10.0.0.1]"],
    ["a@b\xfccher.test", "a@xn--bcher-kva.test"],
    ["j\xf6@localhost", null],
  ])("%j is %j", (address, sender) => {
    expect(senderOf(address)).toBe(sender);
  });
});

describe("a recipient", () => {
  it("has the domain that the Worker will check, and nothing that ends a list", () => {
    const part = fc.string({
      unit: fc.constantFrom(...Array.from("ab.@,;:<> \t\"'()[]%!\\\0\xe9-")),
      maxLength: 8,
    });
    fc.assert(
      fc.property(part, part, (local, domain) => {
        const address = recipientOf(`${local}@${domain}.com`);
        if (address === null) return;
        expect(parseAddress(address)).toEqual({ ok: true, value: address });
        expect(address).toMatch(/^[!-~]+$/);
        expect(address).not.toMatch(/[,;<>\s]/);
      }),
      { numRuns: 2_000 },
    );
  });
});
