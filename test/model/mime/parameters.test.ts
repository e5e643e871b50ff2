// Parameters in every way in which they are written; where there are several, all of them are told.
import { describe, expect, it } from "vitest";
import { parseParameters } from "../../../src/model/mime/parameters.ts";

function parsed(field: string) {
  const result = parseParameters(field);
  return result && [result.value, Object.fromEntries(result.parameters)];
}

describe("parameters", () => {
  it.each([
    ["", "", {}],
    ["Text/HTML", "text/html", {}],
    ["text/plain; charset=UTF-8", "text/plain", { charset: ["UTF-8"] }],
    ["text/plain; charset=us-ascii (Plain; text)", "text/plain", { charset: ["us-ascii"] }],
    ['a/b; Name="x; y=\\"z\\""; c = d', "a/b", { name: ['x; y="z"'], c: ["d"] }],
    ["attachment; filename=my file.pdf ", "attachment", { filename: ["my file.pdf"] }],
    ["a; filename=x.pdf; filename=y.exe", "a", { filename: ["x.pdf", "y.exe"] }],
    ["a; filename*=utf-8''%e2%82%ac%20rates.pdf", "a", { filename: ["€ rates.pdf"] }],
    ["a; filename*=iso-8859-1'en'%A3.pdf", "a", { filename: ["£.pdf"] }],
    ["a; filename=x.pdf; filename*=''y%2Eexe", "a", { filename: ["x.pdf", "y.exe"] }],
    ['a; filename*1="b.exe"; filename*0="a."', "a", { filename: ["a.b.exe"] }],
    ["a; filename*0*=utf-8''%C3; filename*1*=%A4; filename*2=.pdf", "a", { filename: ["ä.pdf"] }],
    ["a; filename*=nonsense''a%2Epdf", "a", { filename: ["a.pdf"] }],
    ["a; filename*=a%2Epdf", "a", { filename: ["a.pdf"] }],
    ["a; ; =x; y; z=", "a", { z: [""] }],
    ["a; __proto__=x; constructor=y", "a", { ["__proto__"]: ["x"], constructor: ["y"] }],
  ])("of %j are read", (field, value, parameters) => {
    const result = parseParameters(field);
    expect(result?.value).toBe(value);
    expect([...(result?.parameters ?? [])]).toEqual(Object.entries(parameters));
  });

  it.each(['a; b="c', "a; (b", 'a; b="c\\"'])("of %j have no end", (field) => {
    expect(parsed(field)).toBeNull();
  });

  it("take linear time", () => {
    const started = performance.now();
    parseParameters(`a${"; filename*0*=%41".repeat(15_000)}`);
    parseParameters(`a; filename*=${"%".repeat(250_000)}`);
    parseParameters(`a; x="${"\\".repeat(250_000)}"`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
