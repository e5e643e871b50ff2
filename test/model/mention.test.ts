import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERASED, mentionsOf, usualSpellings } from "../../src/model/mention.ts";

const ANN = "ann+news@example.com";

const SPELLED = [
  ANN,
  "Ann+News@Example.COM",
  "ann+news%40example.com",
  "ann%2Bnews%40example.com",
  "ann%2bnews@example.com",
  "ann+news&#64;example.com",
  "ann+news&#x40;example.com",
  "ann+news&commat;example.com",
  "&#97;nn&#43;news&#64;example&#46;com",
];

describe("a mention", () => {
  it.each(SPELLED)("is found as %s", (spelled) => {
    for (const text of [
      spelled,
      `<${spelled}>`,
      `mailto:${spelled}?subject=x`,
      `"${spelled}",`,
      `?q=mail%3D${spelled}&x=1`,
      `write to ${spelled}. Thanks`,
      `a\n${spelled}\nb`,
      `(${spelled}), ${spelled}`,
    ]) {
      for (const reach of ["sent", "other"] as const) {
        const all = reach === "sent" || !spelled.startsWith("&");
        const { foundIn, removedFrom, firstIn } = mentionsOf(ANN, reach);
        const found = foundIn(text);
        expect([text, found]).toEqual([text, all]);
        if (all) expect(removedFrom(text)).toBe(text.replaceAll(spelled, ERASED));
        if (all) expect(firstIn(text)).toBe(text.indexOf(spelled));
      }
    }
  });

  it.each([
    ["another's, which ends like it", "joann+news@example.com", "joann+news@example.com"],
    ["another's, at a longer domain", "ann+news@example.company", "ann+news@example.company"],
    ["another's, in two parts", "jo.ann+news@example.com", "jo.[erased]"],
    ["another's, below its domain", "ann+news@example.com.au", "[erased].au"],
    ["an order of its own", "order_ann+news@example.com-7", "order_[erased]-7"],
    ["a file of its own", "list-ann+news@example.com", "list-[erased]"],
  ])("is not in %s, but for what was sent to it", (_what, text, left) => {
    expect(mentionsOf(ANN, "other").removedFrom(text)).toBe(text);
    expect(mentionsOf(ANN, "sent").removedFrom(text)).toBe(left);
  });

  it("of an address beyond ASCII is found in any case", () => {
    const key = "änn.ß@xn--bcher-kva.example";
    for (const reach of ["sent", "other"] as const) {
      const { removedFrom } = mentionsOf(key, reach);
      expect(removedFrom(`To Änn.ß@XN--bcher-kva.example!`)).toBe(`To ${ERASED}!`);
      expect(removedFrom("x=%C3%A4nn.%C3%9F%40xn--bcher-kva.example")).toBe(`x=${ERASED}`);
    }
  });

  it("of any address is found, removed whole, and nothing else is", () => {
    const local = fc.stringMatching(/^[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}$/);
    const text = fc.string({ unit: "grapheme-ascii" });
    fc.assert(
      fc.property(local, text, text, (name, before, after) => {
        const key = `${name}@example.com`;
        fc.pre(!before.includes("@") && !after.includes("@"));
        const { removedFrom } = mentionsOf(key, "other");
        expect(removedFrom(`${before} ${key.toUpperCase()} ${after}`)).toBe(
          `${before} ${ERASED} ${after}`,
        );
        expect(usualSpellings(key)).toContain(key);
        expect(removedFrom(before + after)).toBe(before + after);
      }),
    );
  });
});
