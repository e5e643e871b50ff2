// Whether a reader finds a link to unsubscribe.
import { describe, expect, it } from "vitest";
import { htmlUnsubscribes, textUnsubscribes } from "../../src/model/unsubscribe-link.ts";

const TOKEN = "AWtr_abcdefghijklmnopqrstuvwxyz";
const KNOWN = ["https://x.example/l?a=1&b=2"];

describe("an HTML text has a link to unsubscribe", () => {
  it.each([
    '<a href="https://x.example/unsubscribe?u=1">here</a>',
    `<A class="b"\nHREF='https://links.x.example/c/${TOKEN}'><b>Un</b>subscribe</A>`,
    `<a href=https://links.x.example/u/${TOKEN}>x</a>`,
    '<a href="https://x.example/l?a=1&amp;b=2">x</a>',
    '<a title="Newsletter abbestellen" href="https://x.example/1">x</a>',
    '<a href="https://x.example/1">Se désabonner</a>',
    '<a href="https://x.example/1">Cancelar la suscripción</a>',
    '<a href="https://x.example/1">配信停止</a>',
    '<a href="https://x.example/1">Отписаться</a>',
    '<a href="https://x.example/1">Manage your preferences</a>',
  ])("%s", (html) => expect(htmlUnsubscribes(html, KNOWN)).toBe(true));

  it.each([
    "",
    "<p>To unsubscribe write to us</p>",
    '<a name="unsubscribe">x</a>',
    '<a href="mailto:unsubscribe@x.example">x</a>',
    '<a href="https://x.example/shop">Shop</a> unsubscribe',
    '<abbr href="https://x.example/unsubscribe">x</abbr>',
    '<a href="https://x.example/unsubscribe"',
  ])("but not %j", (html) => expect(htmlUnsubscribes(html, KNOWN)).toBe(false));

  it("is looked for in time that grows with the text", () => {
    for (const piece of ["<a ", "<a href=x>", "<a href='", "cancel", " href", "<a ><"]) {
      expect(htmlUnsubscribes(piece.repeat(200_000), KNOWN)).toBe(false);
    }
  });
});

describe("a plain text has a link to unsubscribe", () => {
  it.each([
    "https://x.example/unsubscribe",
    "To opt out, go to\r\nhttps://x.example/1",
    `x https://links.x.example/u/${TOKEN}`,
    "see https://x.example/l?a=1&b=2",
  ])("%s", (text) => expect(textUnsubscribes(text, KNOWN)).toBe(true));

  it.each(["", "unsubscribe by mail to a@b.example", "https://x.example/shop"])(
    "but not %j",
    (text) => expect(textUnsubscribes(text, KNOWN)).toBe(false),
  );
});
