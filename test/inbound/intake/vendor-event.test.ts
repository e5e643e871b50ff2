// What the vendors' files share: how a told bounce is judged, moments, and that no payload of a vendor,
// however strange, is more than an event of no known type.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { greenArrowEvents } from "../../../src/inbound/intake/greenarrow.ts";
import { mailgunEvents } from "../../../src/inbound/intake/mailgun.ts";
import { postmarkEvents } from "../../../src/inbound/intake/postmark.ts";
import { sendGridEvents } from "../../../src/inbound/intake/sendgrid.ts";
import { sesEvents } from "../../../src/inbound/intake/ses.ts";
import { sparkPostEvents } from "../../../src/inbound/intake/sparkpost.ts";
import {
  bounce,
  jsonOf,
  ofIso,
  ofSeconds,
  said,
} from "../../../src/inbound/intake/vendor-event.ts";
import { isBounceCode } from "../../../src/model/bounce.ts";
import * as payloads from "./payloads.ts";

describe("a told bounce", () => {
  it.each([
    ["words decide", "550 5.1.1 No such user", null, 50, 10],
    ["words decide against the vendor", "550 5.7.1 blocked using dnsbl.example", null, 10, 51],
    ["the vendor decides where words do not", "550 refused", null, 10, 10],
    ["a temporary failure is never a bad address", "450 refused", null, 10, 20],
    ["nor when only the status says so", "refused", "4.7.1", 10, 20],
    ["but may have the vendor's class", "451 refused", null, 22, 22],
    ["nobody knows", "", null, 40, 40],
  ] as const)("%s", (_name, text, status, otherwise, code) => {
    expect(bounce({ text, status, otherwise })).toMatchObject({ kind: "bounce", code });
  });

  it("is one printable line, however long and strange", () => {
    const text = `550 5.1.1 \u001b[31mno\r\nsuch\u0000user ${"x".repeat(9_000)}`;
    const meaning = bounce({ text, status: null, host: "a\nb", otherwise: 40 });
    if (meaning.kind !== "bounce") throw new Error("a bounce is a bounce");
    expect(meaning.reply).toMatch(/^[\x20-\x7e]{1,1000}$/);
    expect(meaning.host).toBe("a b");
    expect(said("complaint", "a\r\nb")).toEqual({ kind: "complaint", reply: "a b" });
  });
});

describe("a moment", () => {
  it.each([
    ["1795255230", 1_795_255_230_000],
    ["1795255230.25", 1_795_255_230_250],
    ["", null],
    ["0", null],
    ["-5", null],
    ["NaN", null],
    ["Infinity", null],
    ["soon", null],
  ])("in seconds %j is %j", (text, at) => {
    expect(ofSeconds(text)).toBe(at);
  });

  it.each([
    ["2026-11-21T10:00:00.000Z", Date.UTC(2026, 10, 21, 10)],
    ["2026-11-21T05:00:00.2735393-05:00", Date.UTC(2026, 10, 21, 10, 0, 0, 273)],
    ["", null],
    ["soon", null],
  ])("in ISO 8601 %j is %j", (text, at) => {
    expect(ofIso(text)).toBe(at);
  });
});

const PARSERS: readonly ((json: unknown) => unknown)[] = [
  sesEvents,
  sendGridEvents,
  mailgunEvents,
  postmarkEvents,
  sparkPostEvents,
  greenArrowEvents,
];

/** Payloads as documented, to be damaged. */
const ABOUT = { email: "a@example.com", mark: "x" };
const DOCUMENTED = [
  payloads.sesPayload(ABOUT, "Bounce", payloads.sesBounce(ABOUT.email, ["Permanent", "General"])),
  [payloads.sendGridEvent(ABOUT, "bounce")],
  {
    "event-data": payloads.mailgunEvent(ABOUT, "failed", { ...payloads.mailgunFailure(550, "x") }),
  },
  payloads.postmarkRecord(ABOUT, "Bounce", { Type: "HardBounce" }),
  [payloads.sparkPostEvent(ABOUT, "bounce")],
  payloads.greenArrowEvent(ABOUT, "bounce_all"),
];

/** A copy in which the n-th value, counted through, is another one. */
function damaged(json: unknown, nth: number, value: unknown): unknown {
  let n = 0;
  const walk = (part: unknown): unknown => {
    n += 1;
    if (n === nth) return value;
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, one]) => [name, walk(one)]));
  };
  return walk(json);
}

/** Whether every event has one of our bounce codes, if any. */
function sound(events: unknown): boolean {
  if (events === null) return true;
  return [events].flat().every((event: unknown) => {
    const { meaning } = Object(event);
    return meaning.kind !== "bounce" || isBounceCode(meaning.code);
  });
}

describe("a payload", () => {
  it("may be any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...PARSERS), (json, parse) => {
        expect(sound(parse(json))).toBe(true);
      }),
    );
  });

  it("may be the documented one with any value in any place", () => {
    const names = fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty");
    const value = fc.oneof(fc.jsonValue(), names);
    const which = fc.nat({ max: PARSERS.length - 1 });
    fc.assert(
      fc.property(which, fc.nat({ max: 40 }), value, (index, nth, other) => {
        const json = damaged(DOCUMENTED[index], nth, other);
        expect(sound(PARSERS[index]?.(json) ?? null)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("that is no JSON is undefined", () => {
    const bytes = Uint8Array.of(0xff);
    expect([jsonOf(""), jsonOf("{"), jsonOf(bytes), jsonOf("null")]).toEqual([
      undefined,
      undefined,
      undefined,
      null,
    ]);
  });
});
