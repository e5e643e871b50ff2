// What GreenArrow's events mean; ours have the same form.
import { describe, expect, it } from "vitest";
import { greenArrowEvents } from "../../../src/inbound/intake/greenarrow.ts";
import { markOf } from "../../../src/model/intake.ts";
import { kasploBody } from "../../../src/notify/payload/kasplo.ts";
import { type About, greenArrowEvent, SAID_AT } from "./payloads.ts";

const ABOUT: About = {
  email: "a@example.com",
  mark: markOf("01a200ab-26c9-72b6-aed3-ef54aa8ec565", 0),
};

function meaningOf(type: string, own: Record<string, unknown> = {}) {
  return greenArrowEvents(greenArrowEvent(ABOUT, type, own))?.[0]?.meaning;
}

describe("an event of GreenArrow", () => {
  it("names its delivery by click tracking id; its codes are ours", () => {
    const own = { bounce_type: "s", bounce_code: 52, bounce_text: "said\n550 spam" };
    expect(greenArrowEvents(greenArrowEvent(ABOUT, "bounce_all", own))).toEqual([
      {
        name: "bounce_all",
        at: SAID_AT,
        meant: {
          mark: ABOUT.mark,
          replyIds: [],
          messageId: null,
          returnPath: null,
          addresses: ["a@example.com"],
        },
        meaning: { kind: "bounce", code: 52, reply: "said 550 spam", host: "" },
      },
    ]);
  });

  it.each([
    ["bounce_all", { bounce_code: "10", bounce_text: "550 x" }, 10],
    ["bounce_bad_address", { bounce_code: 10 }, 10],
    ["bounce_bad_address", { bounce_code: 22 }, 22],
    ["bounce_all", { bounce_code: "999", bounce_text: "550 5.1.1 No such user" }, 10],
    ["bounce_all", { bounce_text: "550 refused" }, 40],
    [
      "delivery_attempt",
      {
        status: "failure",
        message: "192.0.2.1 does not like recipient./Remote host said: 550 5.1.1 No such user/",
      },
      10,
    ],
    ["delivery_attempt", { status: "failure_toolong", message: "still waiting" }, 20],
  ])("%s %j has code %i", (type, own, code) => {
    expect(meaningOf(type, own)).toMatchObject({ kind: "bounce", code });
  });

  it.each([
    ["bounce_all", { bounce_code: 0 }, "ignored"],
    ["bounce_all", { bounce_code: "60" }, "auto_reply"],
    ["bounce_all", { bounce_code: "70" }, "delayed"],
    ["bounce_all", { bounce_code: "90" }, "unsubscribe"],
    ["bounce_all", { bounce_code: "100" }, "auto_reply"],
    ["delivery_attempt", { status: "success", message: "accepted" }, "received"],
    ["delivery_attempt", { status: "deferral" }, "ignored"],
    ["delivery_attempt", { status: "connmaxout" }, "ignored"],
    ["delivery_attempt", { status: "novelty" }, "unknown"],
    ["scomp", {}, "complaint"],
    ["engine_unsub", {}, "unsubscribe"],
    ["studio_unsub", {}, "unsubscribe"],
    ["engine_open", {}, "ignored"],
    ["engine_click", { click_url: "https://x.example" }, "ignored"],
    ["novelty", {}, "unknown"],
  ])("%s %j is %s", (type, own, kind) => {
    expect(meaningOf(type, own)?.kind).toBe(kind);
  });

  it("may be one of another Edgepost's webhooks", () => {
    const body = kasploBody({
      id: "x",
      at: SAID_AT,
      messageId: "m",
      position: 0,
      email: "a@example.com",
      tags: "",
      sendId: "s",
      listId: "l",
      name: "bounce_all",
      bounceType: "h",
      bounceCode: 10,
      text: "192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 x\n",
    });
    expect(greenArrowEvents(body)?.[0]).toMatchObject({
      at: SAID_AT,
      meaning: { kind: "bounce", code: 10 },
    });
  });

  it("may come alone or in an array, beside malformed ones", () => {
    const events = greenArrowEvents([greenArrowEvent(ABOUT, "scomp"), null, {}]);
    expect(events?.map(({ name }) => name)).toEqual(["scomp", "malformed", "malformed"]);
    expect(greenArrowEvents({})?.[0]?.name).toBe("malformed");
  });

  it.each([undefined, null, 1, "x"])("does not stand in %j", (json) => {
    expect(greenArrowEvents(json)).toBeNull();
  });
});
