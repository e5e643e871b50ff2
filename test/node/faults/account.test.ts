// The judge of the fault runs: each thing that may be wrong with the books is seen, and nothing else is.
import { describe, expect, it } from "vitest";
import { type Books, judged } from "../../../faults/account.ts";
import { replaced } from "../../../faults/edits.ts";

const ENTRY = {
  message: "m1",
  recipient: "a@example.com",
  state: "delivered",
  attempts: 1,
  leased: 0,
  results: ["success"],
} as const;
const COPY = { message: "m1", recipient: "a@example.com", sha256: "x", accepted: true };
const EVENT = { id: "e1", name: "delivery_attempt", message: "m1", status: "success" };

const GOOD: Books = {
  sent: [{ key: "k", to: ["a@example.com"], hold: false, ids: ["m1", "m1"] }],
  ledger: [{ ...ENTRY, results: ["success"] }],
  sink: [COPY],
  events: [EVENT],
  posted: new Map([["e1", ["{}"]]]),
};

const sent = GOOD.sent[0];

describe("the judge", () => {
  it("finds nothing in good books", () => {
    expect(judged(GOOD)).toEqual({
      account: { accepted: 1, lost: 0, phantom: 0, explained: 0, unexplained: 0, eventsLost: 0 },
      breaches: [],
    });
  });

  it("counts a second copy as explained where an attempt is unknown", () => {
    const ledger = [{ ...ENTRY, results: ["unknown" as const, "success" as const] }];
    const { account, breaches } = judged({ ...GOOD, ledger, sink: [COPY, COPY] });
    expect(account).toMatchObject({ explained: 1, unexplained: 0 });
    expect(breaches).toEqual([]);
  });

  it.each<readonly [string, Partial<Books>, string, number]>([
    ["promised to a client", { ledger: [], sink: [], events: [], posted: new Map() }, "lost", 1],
    ["not at the relay", { sink: [] }, "lost", 1],
    ["never accepted", { sink: [COPY, { ...COPY, recipient: "b@example.com" }] }, "phantom", 1],
    ["no attempt explains", { sink: [COPY, COPY] }, "unexplained", 1],
    ["no endpoint was told", { posted: new Map() }, "eventsLost", 1],
    ["log twice", { events: [EVENT, EVENT] }, "lost", 0],
    ["attempts and events differ", { events: [], posted: new Map() }, "lost", 0],
    ["two bodies", { posted: new Map([["e1", ["{}", "[]"]]]) }, "lost", 0],
    ["several messages", { sent: sent ? [{ ...sent, ids: ["m1", "m2"] }] : [] }, "lost", 0],
    ["differ", { sink: [COPY, { ...COPY, sha256: "y" }] }, "unexplained", 1],
    [
      "asked for hold",
      { sent: sent ? [{ ...sent, hold: true }] : [], sink: [COPY, COPY] },
      "unexplained",
      1,
    ],
    [
      "after their end",
      {
        ledger: [{ ...ENTRY, results: ["success", "success"] }],
        events: [EVENT, { ...EVENT, id: "e2" }],
      },
      "eventsLost",
      1,
    ],
    [
      "not at an end",
      { ledger: [{ ...ENTRY, state: "sending", leased: 1, results: ["success"] }] },
      "lost",
      1,
    ],
  ])("sees what is %s", (words, wrong, field, count) => {
    const { account, breaches } = judged({ ...GOOD, ...wrong });
    expect(
      breaches.some((breach) => breach.includes(words)),
      breaches.join(),
    ).toBe(true);
    expect(account).toHaveProperty(field, count);
  });
});

describe("an edit of the Worker", () => {
  it("is refused when it fits nothing, or more than one place", () => {
    expect(replaced("b", "x")("abc")).toBe("axc");
    expect(replaced(/b\d/, "x")("ab1c")).toBe("axc");
    expect(() => replaced("z", "x")("abc")).toThrow(/0 times/);
    expect(() => replaced(/[ab]/, "x")("abc")).toThrow(/2 times/);
  });
});
