import { describe, expect, it } from "vitest";
import { uuidv7 } from "../../src/lib/id.ts";
import { erasingOf, textWithout } from "../../src/model/erasure-text.ts";
import { anEvent } from "../notify/world.ts";

const ANN = "ann@example.com";
const OLD = uuidv7(1_000);
const YOUNG = uuidv7(3_000);
const erasing = erasingOf(ANN, "other", uuidv7(2_000));

const left = (kind: Parameters<typeof textWithout>[0], value: unknown): unknown => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const after = textWithout(kind, text, erasing);
  return after === null || typeof value === "string" ? after : JSON.parse(after);
};

describe("what is left of a column", () => {
  it("that is text has no mention; one that counts as a whole is gone", () => {
    expect(left("text", "for Ann@Example.com, soon")).toBe("for [erased], soon");
    expect([left("whole", `order ${ANN}`), left("whole", "order 7")]).toEqual([null, "order 7"]);
  });

  it("that is JSON has none in values nor in names, also behind an escaped line end", () => {
    const value = { own: `a\n${ANN}`, [ANN]: [{ deep: ANN }, 7, null, true] };
    expect(left("json", value)).toEqual({
      own: "a\n[erased]",
      "[erased]": [{ deep: "[erased]" }, 7, null, true],
    });
    const untouched = '{"a" : 1}';
    expect(left("json", untouched)).toBe(untouched);
  });

  it("that holds recipients keeps every address, and no name with it", () => {
    const bob = { address: "x=ann@example.com", name: `Bob, not ${ANN}`, role: "to" };
    expect(left("recipients", [bob])).toEqual([{ ...bob, name: "Bob, not [erased]" }]);
  });

  it("that holds events loses the address's own of old mail, and mentions in others' texts", () => {
    const own = { ...anEvent(1), messageId: OLD, email: "Ann@Example.com" };
    const young = { ...own, messageId: YOUNG };
    const bob = {
      ...anEvent(2, "bounce_all"),
      messageId: OLD,
      email: "bob@example.com",
      text: `550 said\n${ANN}`,
      tags: `for-${ANN} ${ANN}`,
    };
    expect(left("events", [own, young, bob])).toEqual([
      young,
      { ...bob, text: "550 said\n[erased]", tags: "for-[erased] [erased]" },
    ]);
  });

  it("that counts by name counts together what has the same name then", () => {
    const cells = {
      transactional: [
        [`for ${ANN}`, [1, 2]],
        ["for [erased]", [1, 0, 5]],
        [null, [7]],
      ],
      marketing: [],
    };
    expect(left("cells", cells)).toEqual({
      transactional: [
        ["for [erased]", [2, 2, 5]],
        [null, [7]],
      ],
      marketing: [],
    });
  });

  it("keeps what nobody is told, without mentions", () => {
    const silent = {
      name: "suppressed",
      at: 1,
      mailClass: "marketing",
      tags: ANN,
      domain: "x.com",
    };
    expect(left("events", [silent])).toEqual([{ ...silent, tags: "[erased]" }]);
  });

  it.each(["email", "recipient"])(
    "that holds webhook entries loses those whose %s it is, whatever the format",
    (field) => {
      const entry = (id: string, email: string, text = "") => ({
        id: "e",
        at: 1,
        event: "bounce_all",
        body: JSON.stringify({ [field]: email, message_id: `${id}:0`, text }),
        error: "",
      });
      const entries = [
        entry(OLD, "Ann@example.com"),
        entry(YOUNG, ANN),
        entry(OLD, "bob@example.com", `said\n${ANN}`),
        entry(OLD, "bob@example.com"),
      ];
      expect(left("entries", entries)).toEqual([
        entries[1],
        entry(OLD, "bob@example.com", "said\n[erased]"),
        entries[3],
      ]);
      const last = { at: 1, url: "https://hooks.example.com/", status: 500, ms: 1 };
      const answered = (answer: string) => [
        { ...entry(OLD, "bob@example.com"), last: { ...last, answer } },
      ];
      expect(left("entries", answered(`who is ${ANN}?`))).toEqual(answered("who is [erased]?"));
    },
  );
});
