// Which events say that a delivery came into a state.
import { expect, it } from "vitest";
import { DELIVERY_STATES, type DeliveryState } from "../../src/model/delivery.ts";
import { ATTEMPT_STATUSES, type AttemptStatus, type DeliveryEvent } from "../../src/model/event.ts";
import { type EventFilter, fits, TOLD_STATES } from "../../src/model/event-filter.ts";

const BASE = {
  id: "e",
  at: 1,
  messageId: "m",
  position: 0,
  email: "Ada@example.com",
  tags: "",
  sendId: "",
  listId: "",
} as const;
const BOUNCE = { ...BASE, name: "bounce_all", bounceType: "h", bounceCode: 10, text: "" } as const;
const VISIT = { ...BASE, ip: "", userAgent: "", machine: false } as const;

const ANY: EventFilter = {
  names: null,
  status: null,
  state: null,
  recipient: null,
  domain: null,
  tag: null,
  mailClass: null,
  messageId: null,
};

function attempt(status: AttemptStatus): DeliveryEvent {
  return { ...BASE, name: "delivery_attempt", from: "", injectedAt: 0, text: "", status };
}

function statesOf(event: DeliveryEvent): readonly DeliveryState[] {
  return DELIVERY_STATES.filter((state) => fits(event, { ...ANY, state }));
}

it.each([
  ["success", ["delivered"]],
  ["deferral", ["deferred"]],
  ["failure", ["bounced"]],
  ["failure_toolong", ["expired"]],
  ["connmaxout", []],
] as const)("an attempt with %s says %j", (status, states) => {
  expect(statesOf(attempt(status))).toEqual(states);
});

it.each<readonly [string, DeliveryEvent, readonly DeliveryState[]]>([
  ["the bounce of a refusal", { ...BOUNCE, deliveredAt: null }, ["bounced"]],
  ["a late bounce", { ...BOUNCE, deliveredAt: 1, reported: { before: null } }, ["bounced"]],
  ["an expired delivery's bounce", BOUNCE, []],
  ["an automatic reply", { ...BOUNCE, bounceCode: 60, reported: { before: null } }, []],
  ["a bad address", { ...BOUNCE, name: "bounce_bad_address", deliveredAt: null }, []],
  ["an open", { ...VISIT, name: "open" }, []],
  ["a click", { ...VISIT, name: "click", url: "https://example.com/" }, []],
  ["an unsubscribe", { ...BASE, name: "unsubscribe" }, []],
  ["a complaint", { ...BASE, name: "spam_complaint" }, []],
])("%s says its state, if any", (_name, event, states) => {
  expect(statesOf(event)).toEqual(states);
});

it("knows the states that events tell of, and one for each result of an attempt", () => {
  expect(TOLD_STATES).toEqual(["deferred", "delivered", "bounced", "expired"]);
  const told = ATTEMPT_STATUSES.flatMap((status) => statesOf(attempt(status)));
  expect(told.toSorted()).toEqual(TOLD_STATES.toSorted());
});

it("wants both a state and a result or an event, where both are asked for", () => {
  const bounced = { ...ANY, state: "bounced" } as const;
  expect(fits(attempt("failure"), { ...bounced, status: "failure" })).toBe(true);
  expect(fits(attempt("failure"), { ...bounced, status: "success" })).toBe(false);
  expect(fits(attempt("failure"), { ...bounced, names: ["bounce_all"] })).toBe(false);
  expect(fits({ ...BOUNCE, deliveredAt: 1 }, { ...bounced, names: ["bounce_all"] })).toBe(true);
});
