// The filters of the activity screen, and times between the viewer's zone and the API's.
import { describe, expect, it } from "vitest";
import { isoOf, localOf } from "../../../portal/lib/local-time.ts";
import type { ActivityEvent } from "../../../portal/screens/activity/event.ts";
import {
  hoursBefore,
  isOver,
  isWithin,
  rangeFault,
  shownIn,
  submitted,
} from "../../../portal/screens/activity/filter.ts";

const LOCAL = "2026-11-27T10:00";
const ISO = new Date(2026, 10, 27, 10).toISOString();

describe("a time of the viewer's clock", () => {
  it("is UTC for the API, and back again", () => {
    expect(isoOf(LOCAL)).toBe(ISO);
    expect(localOf(ISO)).toBe(LOCAL);
    expect(localOf(ISO.replace(":00.000Z", ":59.999Z"))).toBe(LOCAL);
  });

  it.each(["", "yesterday"])("is none in %j", (text) => {
    expect([isoOf(text), localOf(text)]).toEqual(["", ""]);
  });
});

describe("what is typed into the filters", () => {
  it("goes along with what is chosen", () => {
    const typed = { recipient: " a@example.com ", from: LOCAL };
    expect(submitted({ event: "open", tag: "t" }, typed, { state: "delivered" })).toEqual({
      event: "open",
      tag: "t",
      recipient: "a@example.com",
      from: ISO,
      state: "delivered",
    });
  });

  it("takes away what was emptied, and a range by a period", () => {
    expect(submitted({ tag: "t", to: ISO }, { tag: "", to: "" })).toEqual({ tag: "", to: "" });
    expect(submitted({}, { from: LOCAL }, { from: "", to: "" })).toEqual({ from: "", to: "" });
  });

  it("leaves the seconds of a time that nobody changed", () => {
    const from = ISO.replace(":00.000Z", ":31.500Z");
    expect(submitted({ from }, { from: LOCAL })).toEqual({ from });
  });

  it("is shown in its field, else what stands in the URL", () => {
    expect(shownIn("tag", { tag: "a" }, {})).toBe("a");
    expect(shownIn("tag", { tag: "a" }, { tag: "" })).toBe("");
    expect(shownIn("from", { from: ISO }, {})).toBe(LOCAL);
    expect(shownIn("to", { from: ISO }, {})).toBe("");
  });
});

describe("a range of time", () => {
  it("begins so many hours ago, on a minute", () => {
    const now = Date.UTC(2026, 10, 27, 10, 30, 59, 999);
    expect(hoursBefore(now, 24)).toBe("2026-11-26T10:30:00.000Z");
  });

  it.each([
    [{}, null],
    [{ from: "2026-11-27T10:00:00Z" }, null],
    [{ from: "2026-11-27T10:00:00Z", to: "2026-11-27T10:00:00Z" }, null],
    // The API says what is wrong with a time.
    [{ from: "soon", to: "2026-11-27T10:00:00Z" }, null],
    [
      { from: "2026-11-27T10:00:01Z", to: "2026-11-27T10:00:00Z" },
      "This range ends before it begins: choose an earlier From, or a later To.",
    ],
  ])("says what to do where it is turned: %o", (query, fault) => {
    expect(rangeFault(query)).toBe(fault);
  });

  it("is over when its end is past", () => {
    const now = Date.UTC(2026, 10, 27, 10);
    expect(isOver({}, now)).toBe(false);
    expect(isOver({ to: "2026-11-27T10:00:01Z" }, now)).toBe(false);
    expect(isOver({ to: "2026-11-27T10:00:00Z" }, now)).toBe(true);
  });

  it.each([
    [{}, true],
    [{ from: "2026-11-21T10:00:00.900Z" }, true],
    [{ from: "2026-11-21T10:00:01Z" }, false],
    [{ to: "2026-11-21T10:00:00Z" }, true],
    [{ to: "2026-11-21T09:59:59Z" }, false],
    [{ from: "2026-11-21T09:00:00Z", to: "2026-11-21T11:00:00Z" }, true],
  ])("takes of the live feed what belongs to it: %o", (query, isIn) => {
    const event: ActivityEvent = { id: "1", event: "open", timestamp: "1795255200", email: "" };
    expect(isWithin(event, query)).toBe(isIn);
  });
});
