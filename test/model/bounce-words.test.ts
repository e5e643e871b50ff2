// Words that others heard → the code that the same words have in our own dialogue.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBounceCode } from "../../src/model/bounce.ts";
import { judgeWords } from "../../src/model/bounce-words.ts";
import { REPLIES } from "./replies.ts";

const CASES: readonly (readonly [code: number, text: string, status: string | null])[] = [
  [10, "smtp; 550-5.1.1 The email account that you tried to reach does not exist.", "5.1.1"],
  [10, "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", "5.1.10"],
  [10, 'x-unix; user unknown: "nobody"', null],
  [10, "host mx.example.net[192.0.2.7] said: 550 5.1.1 <a@example.net>: User unknown", "5.1.1"],
  [10, "", "5.1.1"],
  [22, "smtp; 552 5.2.2 Over quota", "5.2.2"],
  [22, "X-Postfix; 452 4.2.2 mailbox full", "4.2.2"],
  [52, "554 5.7.1 This message was identified as spam", null],
  // Given up after days of temporary failures: never a bad address, whatever else it says.
  [29, "X-Postfix; connect to mx.example.net[192.0.2.7]:25: Connection timed out", "4.4.1"],
  [20, "smtp; 550 4.4.7 QUEUE.Expired; message expired", "4.4.7"],
  [20, "said: 450 4.1.1 user unknown", null],
  [40, "something nobody has seen before", null],
  [40, "", null],
];

describe("judgeWords", () => {
  for (const [code, text, status] of CASES) {
    it(`gives ${code} to ${JSON.stringify(text)} ${status ?? ""}`, () => {
      expect(judgeWords({ text, status }).code).toBe(code);
    });
  }

  it("judges a told reply as it judges a heard one", () => {
    for (const { code, reply } of REPLIES) {
      const start = reply.enhanced === null ? "" : `${reply.enhanced} `;
      const words = reply.lines.map((line) => line.replace(start, ""));
      const text = words.map((line) => `${reply.code}-${start}${line}`).join(" ");
      expect([judgeWords({ text, status: null }).code, text]).toEqual([code, text]);
    }
  });

  it("keeps the words on one line, without the type of the diagnostic", () => {
    const told = judgeWords({ text: "smtp; 550 5.1.1\r\n no such\tuser\u0007", status: null });
    expect(told.reply).toBe("550 5.1.1 no such user");
    expect(judgeWords({ text: "", status: "5.1.1" }).reply).toBe("5.1.1");
    const lines = "550-5.1.1 The account does 550-5.1.1 not exist. 550 5.1.1 gsmtp";
    const one = "550-5.1.1 The account does not exist. gsmtp";
    expect(judgeWords({ text: lines, status: null }).reply).toBe(one);
  });

  it("takes any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.option(fc.string()), (text, status) => {
        const { code, reply } = judgeWords({ text, status });
        expect(isBounceCode(code)).toBe(true);
        expect(reply.isWellFormed() && reply.length <= 1_000 && !/[\r\n]/.test(reply)).toBe(true);
      }),
    );
  });
});
