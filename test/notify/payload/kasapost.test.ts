// Events in the words of the KasaPost API: one table of what each becomes.
import { describe, expect, it } from "vitest";
import type { DeliveryEvent, StoppedEntry } from "../../../src/model/event.ts";
import { KASAPOST_EVENTS } from "../../../src/model/webhook.ts";
import { kasapostEntries } from "../../../src/notify/payload/kasapost.ts";

const AT = Date.UTC(2026, 10, 21, 10);
const BASE = {
  id: "0194dfd7-1111-7000-8000-000000000002",
  at: AT,
  messageId: "0194dfd7-1111-7000-8000-000000000001",
  position: 0,
  email: "customer@example.com",
  tags: "",
  sendId: "s",
  listId: "l",
};
const LETTER = { from: { address: "hello@kasapost.com", name: "KasaPost" }, subject: "Welcome" };
const attempt = (
  status: "success" | "deferral" | "failure" | "failure_toolong",
  first = false,
) => ({
  ...BASE,
  name: "delivery_attempt" as const,
  from: "hello@kasapost.com",
  injectedAt: AT - 5,
  text: "said",
  status,
  ...(first ? { first: true as const } : {}),
});
const bounce = {
  ...BASE,
  name: "bounce_all" as const,
  bounceType: "h" as const,
  bounceCode: 10,
  text: "said",
};
const visit = { ip: "192.0.2.1", userAgent: "x", machine: false };

async function names(event: DeliveryEvent | StoppedEntry) {
  return (await kasapostEntries(event, LETTER)).map((entry) => entry.event);
}

describe("kasapostEntries", () => {
  const cases: readonly [string, DeliveryEvent | StoppedEntry, readonly string[]][] = [
    ["the first attempt that works", attempt("success", true), ["accepted", "delivered"]],
    ["a later one", attempt("success"), ["delivered"]],
    ["a deferral", attempt("deferral", true), ["accepted", "deferred"]],
    ["a refusal", attempt("failure"), ["failed"]],
    ["the end of the queue lifetime", attempt("failure_toolong"), ["failed"]],
    ["the bounce of a refusal, which its attempt told", { ...bounce, deliveredAt: null }, []],
    ["a bounce that came back", { ...bounce, deliveredAt: AT - 9 }, ["bounced"]],
    [
      "one that came back for mail nobody took",
      { ...bounce, reported: { before: null } },
      ["bounced"],
    ],
    [
      "an automatic reply",
      { ...bounce, bounceType: "o", bounceCode: 60, reported: { before: null } },
      [],
    ],
    ["a bad address", { ...bounce, name: "bounce_bad_address" }, []],
    ["a complaint", { ...BASE, name: "spam_complaint" }, ["complained"]],
    ["a stopped recipient", { ...BASE, name: "stopped" }, ["suppressed"]],
    ["an open", { ...BASE, ...visit, name: "open" }, []],
    ["a click", { ...BASE, ...visit, name: "click", url: "https://x/" }, []],
    ["an unsubscribe", { ...BASE, name: "unsubscribe" }, []],
  ];

  it.each(cases)("%s", async (_what, event, expected) => {
    expect(await names(event)).toEqual(expected);
  });

  it("tells every event of the API", () => {
    expect(new Set(cases.flatMap(([, , told]) => told))).toEqual(new Set(KASAPOST_EVENTS));
  });

  it("has ids that stay and differ, and bodies of one shape", async () => {
    const [accepted, delivered] = await kasapostEntries(attempt("success", true), LETTER);
    const [again] = await kasapostEntries(attempt("deferral", true), LETTER);
    expect(accepted?.id).toBe(again?.id);
    expect(accepted?.id).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(delivered?.id).toBe(BASE.id);
    expect(JSON.parse(accepted?.body ?? "")).toEqual({
      event: "accepted",
      message_id: `${BASE.messageId}@kasapost.com`,
      recipient: "customer@example.com",
      sender: "KasaPost <hello@kasapost.com>",
      subject: "Welcome",
      timestamp: new Date(AT - 5).toISOString(),
    });
    const [gone] = await kasapostEntries(attempt("success"), null);
    expect(JSON.parse(gone?.body ?? "")).toMatchObject({
      message_id: BASE.messageId,
      sender: "",
      subject: "",
    });
  });
});
