import { describe, expect, test } from "vitest";
import { ampApproved, checkAmp, MAX_AMP_BYTES } from "../../src/check/amp.ts";

const RULE = { path: "email.amp", ownHosts: ["edgepost.test"] };

const VALID = `<!doctype html><html ⚡4email data-css-strict><head><meta charset="utf-8">
<script async src="https://cdn.ampproject.org/v0.js"></script>
<script async custom-element="amp-form" src="https://cdn.ampproject.org/v0/amp-form-0.1.js"></script>
<style amp4email-boilerplate>body{visibility:hidden}</style>
<style amp-custom>p{background:url("https://img.example.com/a.png")}</style></head><body>
<amp-state id="s"><script type="application/json">{"a":1}</script></amp-state>
<amp-img src="https://img.example.com/a.png" srcset="https://img.example.com/a,1.png 1x, https://img.example.com/b.png 2x" width=1 height=1></amp-img>
<a href="https://example.com/?a=1&amp;b=2" on="tap:x.show">x</a><a href="mailto:a@example.com">y</a><a href="#top">z</a><a href="{{link}}">v</a>
<form method="post" action-xhr="https://forms.example.com/x"><input name=a></form>
<template type="amp-mustache"><amp-img src="{{src}}"></amp-img></template></body></html>`;

async function judge(amp: string) {
  const judged = await checkAmp({ amp, text: "t", html: "h" }, RULE);
  return judged.ok ? null : judged.error;
}

test("a usual AMP part may be sent, and no AMP part at all", async () => {
  expect(await judge(VALID)).toBeNull();
  expect(await checkAmp({ amp: null, text: "t", html: null }, RULE)).toEqual({
    ok: true,
    value: null,
  });
});

test.each([
  [null, "h"],
  ["t", null],
  ["", "h"],
])("text %j and HTML %j are not both fallbacks", async (text, html) => {
  const judged = await checkAmp({ amp: VALID, text, html }, RULE);
  expect(!judged.ok && judged.error).toMatchObject({ kind: "invalid_field", path: "email.amp" });
});

test("200,000 bytes are the limit, counted in UTF-8", async () => {
  expect(await judge("é".repeat(MAX_AMP_BYTES / 2))).toBeNull();
  expect(await judge(`${"é".repeat(MAX_AMP_BYTES / 2)}x`)).toMatchObject({ kind: "invalid_field" });
});

describe("what it loads is named", () => {
  test.each([
    ['<script async src="https://evil.example/v0.js"></script>', "https://evil.example/v0.js"],
    ['<script src="http://cdn.ampproject.org/v0.js"></script>', "http://cdn.ampproject.org/v0.js"],
    ['<script src="//cdn.ampproject.org/v0.js"></script>', "//cdn.ampproject.org/v0.js"],
    [
      '<script src="https://cdn.ampproject.org.evil.example/v0.js"></script>',
      "https://cdn.ampproject.org.evil.example/",
    ],
    ['<script src="https://cdn.ampproject.org@evil.example/v0.js"></script>', "@evil.example"],
    [
      '<script src="https://cdn.ampproject.org&commat;evil.example/v0.js"></script>',
      "evil.example",
    ],
    ['<SCRIPT SRC="https&#58;//evil.example/a.js"></SCRIPT>', "https://evil.example/a.js"],
    ["<script>alert(1)</script>", "JavaScript"],
    ['<script type="module">alert(1)</script>', "JavaScript"],
    ['<amp-img src="http://img.example.com/a.png"></amp-img>', "http://img.example.com/a.png"],
    ["<img src=http://img.example.com/a.png>", "http://img.example.com/a.png"],
    ['<amp-img src="&#104;ttp://img.example.com/a.png"></amp-img>', "http://img.example.com/a.png"],
    ['<amp-img src="/a.png"></amp-img>', "/a.png"],
    ['<amp-img src="data:image/png;base64,x"></amp-img>', "data:image/png"],
    [
      '<amp-img srcset="https://a.example/a.png 1x, http://b.example/b.png 2x"></amp-img>',
      "http://b.example/b.png",
    ],
    ['<a href="http://example.com">x</a>', "http://example.com"],
    ['<a href="javascript:alert(1)">x</a>', "javascript:alert(1)"],
    ['<a href=" \n javascript:alert(1)">x</a>', "javascript:alert(1)"],
    ['<a href="/relative">x</a>', "/relative"],
    ['<link rel=stylesheet href="http://a.example/a.css">', "http://a.example/a.css"],
    ['<form action-xhr="http://forms.example.com/x"></form>', "http://forms.example.com/x"],
    ['<form action="https://forms.example.com/x"></form>', "action-xhr"],
    ['<form action-xhr="https://edgepost.test/x"></form>', "https://edgepost.test/x"],
    ['<amp-list src="http://api.example.com/x"></amp-list>', "http://api.example.com/x"],
    [
      '<template type="amp-mustache"><amp-img src="http://a.example/{{x}}"></amp-img></template>',
      "http://a.example/{{x}}",
    ],
    ['<p onclick="x()">x</p>', "onclick"],
    [
      "<style amp-custom>p{background:url(http://a.example/a.png)}</style>",
      "http://a.example/a.png",
    ],
    ["<p style=\"background:url('http://a.example/a.png')\">x</p>", "http://a.example/a.png"],
  ])("%s", async (markup, named) => {
    const refused = await judge(VALID.replace("</body>", `${markup}</body>`));
    expect(refused).toMatchObject({
      kind: "invalid_field",
      path: "email.amp",
      reason: expect.stringContaining(named),
    });
  });
});

describe("approval", () => {
  test.each<[readonly string[], string, boolean]>([
    [["*"], "anyone", true],
    [["*"], "", true],
    [["Jo"], "Jo", true],
    [["Jo"], "jo", false],
    [["Jo"], "", false],
    [[], "Jo", false],
  ])("%j as %j: %s", (approvedNames, fromName, approved) => {
    expect(ampApproved(approvedNames, fromName)).toBe(approved);
  });
});
