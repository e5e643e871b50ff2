// What the screens of sending make of the API's answers.
import { expect, it } from "vitest";
import {
  curveOf,
  dollars,
  spanWords,
  throttleChange,
  throttleFields,
  warmUpWords,
} from "../../../portal/screens/limits/limit.ts";
import { conditionOf, placed, raised, type Rule } from "../../../portal/screens/relays/relay.ts";
import { intakeBody, VENDORS } from "../../../portal/screens/relays/intake.ts";
import { changeOf as domainChange, progressOf } from "../../../portal/screens/domains/domain.ts";
import { allowanceAt } from "../../../src/deliver/warm-up.ts";
import { VENDORS as API_VENDORS } from "../../../src/model/intake.ts";

const RULE: Rule = { pool_id: "p", mail_class: null, key_id: null, tag: null, domain: null };

it("draws the curve that the warm-up climbs", () => {
  const days = curveOf({ step: 2, today: 200, sent: 10, tomorrow: 200 });
  expect(days.map(({ messages }) => messages)).toEqual(days.map(({ step }) => allowanceAt(step)));
  expect(allowanceAt(days.length)).toBeNull();
  expect(days.slice(0, 4).map(({ is }) => is)).toEqual(["done", "done", "today", "ahead"]);
  const over = curveOf({ step: 15, today: null, sent: 0, tomorrow: null });
  expect(new Set(over.map(({ is }) => is))).toEqual(new Set(["done"]));
});

it.each([
  [
    { step: 0, today: 50, sent: 3, tomorrow: 100 },
    "step 1: 3 of 50 messages today; tomorrow, if it goes on so, 100 messages",
  ],
  [
    { step: 14, today: 819_200, sent: 0, tomorrow: null },
    "step 15: 0 of 819200 messages today; tomorrow, if it goes on so, it is over",
  ],
  [{ step: 15, today: null, sent: 0, tomorrow: null }, "over: nothing holds it back"],
])("says where a warm-up stands: %o", (warmUp, words) => {
  expect(warmUpWords(warmUp)).toBe(words);
});

it.each([
  [1, "1 second"],
  [90, "90 seconds"],
  [3_600, "1 hour"],
  [172_800, "2 days"],
  [0, "0 seconds"],
])("says %d seconds as %s", (seconds, words) => expect(spanWords(seconds)).toBe(words));

it.each([
  [0, "$0.00"],
  [12.345, "$12.35"],
  [0.012345, "$0.0123"],
])("says %d dollars as %s", (usd, words) => expect(dollars(usd)).toBe(words));

it("sends a domain's hosts only when they change, and null for no tracking domain", () => {
  const before = { return_path_domain: "bounce.a.test", tracking_domain: "links.a.test" };
  const fields = {
    sender: " hi@a.test ",
    name: "",
    returnPath: "bounce.a.test",
    trackingDomain: "links.a.test",
    gate: "off",
    opens: true,
    clicks: false,
  };
  const rest = {
    default_sender: "hi@a.test",
    default_name: null,
    gate: "off",
    tracking: { opens: true, clicks: false },
  };
  expect(domainChange(fields, before)).toEqual(rest);
  const changed = { ...fields, returnPath: "back.a.test", trackingDomain: " " };
  expect(domainChange(changed, before)).toEqual({
    ...rest,
    return_path_domain: "back.a.test",
    tracking_domain: null,
  });
});

it("knows the API's vendors, and what proves whose reports they are", () => {
  expect(VENDORS.map(([name]) => name)).toEqual(API_VENDORS);
  expect(intakeBody("sendgrid", " MFkw… ")).toEqual({ vendor: "sendgrid", public_key: "MFkw…" });
});

it("sends what a form changes of a throttle: null for what is the pool's again, nothing for what stays", () => {
  const settings = { connections: 4, per_hour: null, adaptive: true, warm_up: false };
  const fields = throttleFields(settings);
  expect(throttleChange(fields, settings)).toEqual({});
  expect(throttleChange({ ...fields, warmUp: true }, settings)).toEqual({ warm_up: true });
  const changed = { ...fields, connections: "", perHour: "60", adaptive: false };
  expect(throttleChange(changed, settings)).toEqual({
    connections: null,
    per_hour: 60,
    adaptive: false,
  });
});

it("says which mail a rule is about", () => {
  expect(conditionOf(RULE)).toBe("all mail");
  expect(conditionOf({ ...RULE, mail_class: "marketing", domain: "a.example" })).toBe(
    "marketing mail to a.example",
  );
});

it("moves a rule up, and leaves the first where it is", () => {
  const rules = ["a", "b", "c"].map((tag) => ({ ...RULE, tag }));
  expect(raised(rules, 2).map(({ tag }) => tag)).toEqual(["a", "c", "b"]);
  expect(raised(rules, 0)).toEqual(rules);
});

it("puts a relay into a pool, weighs it otherwise, takes it out", () => {
  const one = placed([], "r1", 1);
  expect(one).toEqual([{ relay_id: "r1", weight: 1 }]);
  expect(placed(one, "r1", 5)).toEqual([{ relay_id: "r1", weight: 5 }]);
  expect(placed(placed(one, "r2", 0), "r1", null)).toEqual([{ relay_id: "r2", weight: 0 }]);
});

it("counts the records that a domain needs", () => {
  const record = { type: "TXT", name: "a", value: "b", purpose: "spf", found: [], advice: "" };
  const records = [
    { ...record, required: true, status: "ok" },
    { ...record, required: true, status: "missing" },
    { ...record, required: false, status: "ok" },
  ];
  expect(progressOf({ records })).toBe("1 of 2");
});
