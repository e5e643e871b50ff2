import { describe, expect, it } from "vitest";
import { messageIdOfHeader } from "../../src/model/report.ts";

const ID = "01a200ab-26c9-72b6-aed3-ef54aa8ec565";

describe("messageIdOfHeader", () => {
  it("reads the Message-ID that compose gives, in any case, with or without brackets", () => {
    for (const text of [`<${ID}@example.com>`, ` ${ID}@example.com`, `<${ID.toUpperCase()}@X.Y>`]) {
      expect(messageIdOfHeader(text)).toBe(ID);
    }
  });

  it("knows nobody else's", () => {
    const others = [
      "",
      "<abc@example.com>",
      `<${ID}>`,
      `<${ID}@>`,
      `<x${ID}@example.com>`,
      `<9307750b-76cb-42e7-83b5-f83462e6b646@example.com>`,
      `<${ID}@example.com> <${ID}@example.com>`,
    ];
    for (const text of others) expect(messageIdOfHeader(text)).toBeNull();
  });
});
