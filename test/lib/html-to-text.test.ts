import { describe, expect, test } from "vitest";
import { decodeEntities, htmlToText } from "../../src/lib/html-to-text.ts";

describe("htmlToText", () => {
  test.each([
    ["<h1>Test Email</h1>", "Test Email"],
    ["plain", "plain"],
    ["", ""],
    ["a  b\n\tc", "a b c"],
    ["a<br>b<br/>c", "a\nb\nc"],
    ["<p>a</p><p>b</p>", "a\n\nb"],
    ["<div>a</div><div>b</div>", "a\nb"],
    ["<h2>a</h2>b<hr>c", "a\n\nb\n\n----------\n\nc"],
    ["<ul><li>a<li>b</ul>", "- a\n- b"],
    ["<ol><li>a</li><li>b<ul><li>c</li></ul></li></ol>d", "1. a\n2. b\n  - c\nd"],
    ["<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"],
    ['<a href="https://x.example/?a=1&amp;b=2">here</a>!', "here (https://x.example/?a=1&b=2)!"],
    ["<a href=https://x.example/>https://x.example/</a>", "https://x.example/"],
    ["<a href='https://x.example/'><img alt=''></a>", "https://x.example/"],
    ['<a href="mailto:a@example.com">a@example.com</a>', "a@example.com"],
    ['<a href="#top">top</a> <a href="javascript:x()">x</a> <a>y</a>', "top x y"],
    ['<a href="https://x.example/"><p>a</p><p>b</p></a>', "a\n\nb\n\n(https://x.example/)"],
    [
      '<ul><li>a<ul><li><a href="https://x.example/">c</a></ul></ul>',
      "- a\n  - c (https://x.example/)",
    ],
    ['<img src="x" alt="A &lt;logo&gt;">', "A <logo>"],
    ["a<script>if (1 < 2) { '</p>' }</script>b<style>p{}</style>c", "abc"],
    ["<head><title>t</title><meta charset=utf-8></head><body>b", "b"],
    ["a<!-- <p>no</p> -->b<![CDATA[x]]>c<!doctype html>d", "abcd"],
    ['<a title="a > b" href="https://x.example/">c</a>', "c (https://x.example/)"],
    ["1 < 2 &amp;&amp; 3 > 2", "1 < 2 && 3 > 2"],
    ["&euro;5 &#x1F600; &#228; &nbsp; &unknown; &amp", "€5 😀 ä &unknown; &amp"],
    ["&#0;&#xD800;&#x110000;", "\ufffd\ufffd"],
    ["Hi {{name}}, <b>{{ shop }}</b>", "Hi {{name}}, {{ shop }}"],
    ["<script>never closed", ""],
    ['<a href="never closed', ""],
    ["<", "<"],
    ["</", ""],
  ])("%j", (html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  test("a long line is wrapped at a space", () => {
    const lines = htmlToText("<b>word </b>".repeat(1000)).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(1100);
    expect(lines.join(" ").split(" ")).toHaveLength(1000);
  });

  test.each([
    "<",
    "<a href='",
    "<a href='https://x'>y</a>",
    "<!--",
    "<ul>",
    "<li>",
    "&",
    "<a href=",
    "</",
    "<b>x</b>",
  ])("%j repeated costs about twice as much when there is twice as much", (piece) => {
    const time = (length: number) => {
      const html = piece.repeat(length / piece.length);
      const start = performance.now();
      htmlToText(html);
      return performance.now() - start;
    };
    time(100_000);
    const once = Math.max(time(500_000), 5);
    // Quadratic would be 16 times; two cores are shared, so anything clearly below that is linear.
    expect(time(2_000_000)).toBeLessThan(once * 12);
  });
});

test("decodeEntities leaves what it does not know", () => {
  expect(decodeEntities("&AMP; &foo; &; &#; &#x; https&colon;//x")).toBe(
    "& &foo; &; &#; &#x; https&colon;//x",
  );
});
