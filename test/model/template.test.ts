import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/lib/bytes.ts";
import {
  escapeHtml,
  measure,
  render,
  renderedBytes,
  renderOne,
  verbatim,
} from "../../src/model/template.ts";

const SECRET = "s3cret-value";

describe("render", () => {
  test.each([
    ["Hi {{name}}!", "Hi Jo!"],
    ["{{ name }}{{\tname\t}}", "JoJo"],
    ["{{unknown}}", ""],
    ["{{first.last}}{{a-b}}{{a_b}}", "123"],
    ["{{{name}}}", "{Jo}"],
    ["{{na me}}{{}}{{ }}{{na\nme}}{{näme}}", "{{na me}}{{}}{{ }}{{na\nme}}{{näme}}"],
    ["{{template}}", "{{name}}"],
    ["{ {name} }", "{ {name} }"],
  ])("%j", (text, rendered) => {
    const variables = { name: "Jo", "first.last": "1", "a-b": "2", a_b: "3", template: "{{name}}" };
    expect(render(text, variables, verbatim)).toBe(rendered);
  });

  test.each([
    "{{env}}",
    "{{process.env}}",
    "{{this}}",
    "{{.}}",
    "{{..}}",
    "{{constructor}}",
    "{{constructor.constructor}}",
    "{{__proto__}}",
    "{{prototype}}",
    "{{toString}}",
    "{{valueOf}}",
    "{{hasOwnProperty}}",
    "{{length}}",
    "{{name.length}}",
    "{{name.constructor}}",
    "{{self}}",
    "{{globalThis}}",
    "{{secret}}",
    "{{config}}",
    "{{app.config.encryptionKey}}",
  ])("%s gives nothing", (text) => {
    expect(render(text, { name: "Jo" }, verbatim)).toBe("");
  });

  test.each([
    "{{#each this}}x{{/each}}",
    "{{> partial}}",
    "{{{{raw}}}}",
    "{{constructor.constructor('return process')()}}",
    "{{name | upper}}",
    "{{7*7}}",
    "${7*7}",
    "<%= 7*7 %>",
    "#{7*7}",
    "{{=<% %>=}}",
    "{{&name}}",
    "{{!-- x --}}",
    "{{lookup . 'x'}}",
    "{%name%}",
    "[[name]]",
    '{{printf "%s" .Env}}',
    "{{call .X}}",
    "{{include 'x'}}",
    "{{../name}}",
    "{{@root}}",
  ])("%s is no template", (text) => {
    const rendered = render(text, { name: "Jo" }, verbatim);
    expect(rendered).not.toContain("49");
    expect(rendered).not.toContain("Jo");
    expect(rendered).not.toContain(SECRET);
  });
});

test("escapeHtml leaves nothing that ends a text or a quoted attribute", () => {
  expect(escapeHtml(`<b a="1" c='2'>&amp;`)).toBe(
    "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;",
  );
});

test("the measured size is the size", () => {
  const piece = fc.constantFrom("{{a}}", "{{ b }}", "{{c}}", "{{", "}}", "é", "<", "😀", "x");
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));
  const variables = fc.record({ a: text, b: text });
  fc.assert(
    fc.property(text, variables, fc.constantFrom(escapeHtml, verbatim), (given, values, escape) => {
      const rendered = utf8(render(given, values, escape)).length;
      expect(renderedBytes(measure(given), values, escape)).toBe(rendered);
    }),
  );
});

test("renderOne replaces the placeholders of one name and leaves all others", () => {
  const text = "{{a}}{{ a }}{{b}}{{aa}}{{A}}{a}{{a }";
  expect(renderOne(text, "a", "$&")).toBe("$&$&{{b}}{{aa}}{{A}}{a}{{a }");
  expect(renderOne("none", "a", "x")).toBe("none");
});
