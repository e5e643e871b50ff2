// What the webhooks screen computes.
import { describe, expect, it } from "vitest";
import {
  EVENTS,
  type Health,
  headText,
  isMoving,
  nameOf,
  prettyOf,
  sentence,
  wordOf,
} from "../../../portal/screens/webhooks/webhook.ts";
import { FIRED } from "../../../portal/screens/webhook-events/fired.ts";
import { FORMAT_EVENTS } from "../../../src/model/webhook.ts";

const NOW = Date.UTC(2026, 10, 27);

const QUIET: Health = {
  state: "enabled",
  failing_since: null,
  told_up_to: null,
  behind_seconds: 0,
  waiting: 0,
  exhausted: 0,
  counted_all: true,
  next_try_at: null,
  replays: [],
};

describe("a webhook", () => {
  it.each([
    ["enabled", null, "enabled"],
    ["enabled", "2026-11-27T00:00:00.000Z", "failing"],
    ["disabled", "2026-11-27T00:00:00.000Z", "disabled"],
  ] as const)("that is %s and fails since %s is %s", (state, since, word) => {
    expect(wordOf({ state, failing_since: since })).toBe(word);
  });

  it.each([
    ["https://hooks.example.com/a/b?token=1", "hooks.example.com"],
    ["http://127.0.0.1:8080/", "127.0.0.1:8080"],
    ["no URL", "no URL"],
  ])("at %s is named %s", (url, name) => {
    expect(nameOf(url)).toBe(name);
  });

  it.each([
    ["nothing waits", {}, false],
    ["a try is near", { next_try_at: new Date(NOW + 5_000).toISOString() }, true],
    ["a try is far", { next_try_at: new Date(NOW + 300_000).toISOString() }, false],
    ["it is behind", { behind_seconds: 1 }, true],
    ["it is behind and paused", { behind_seconds: 1, state: "disabled" }, false],
    ["a range is replayed", { replays: [{ id: "r", from: "", to: "" }] }, true],
  ] as const)("is looked at again soon when %s: %j", (_, change, moving) => {
    expect(isMoving({ ...QUIET, ...change }, NOW)).toBe(moving);
  });
});

describe("words of a post", () => {
  it("are laid out for people, and left alone when they are no JSON", () => {
    expect(prettyOf('{"a":"1"}')).toBe('{\n  "a": "1"\n}');
    expect(prettyOf("<html>")).toBe("<html>");
    expect(headText({ "webhook-id": "1", accept: "x" })).toBe("webhook-id: 1\naccept: x");
  });

  it("end with one full stop", () => {
    expect(["answered 500", "Network connection lost."].map(sentence)).toEqual([
      "answered 500.",
      "Network connection lost.",
    ]);
  });
});

describe("the page of events", () => {
  it("has the names of the API, each explained", () => {
    expect(EVENTS).toEqual(FORMAT_EVENTS);
    expect(Object.keys(FIRED)).toEqual(Object.values(FORMAT_EVENTS).flat());
  });
});
