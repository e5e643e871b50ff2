import { describe, expect, it } from "vitest";
import type { DeliveryEvent } from "../../../src/model/event.ts";
import { kasploBody, kasploEntry } from "../../../src/notify/payload/kasplo.ts";

const BASE = {
  id: "0194dfd7-1111-7000-8000-000000000001",
  at: 1_738_908_434_987,
  messageId: "9307750b-76cb-42e7-83b5-f83462e6b646",
  position: 0,
  email: "recipient@example.com",
  tags: "Custom-ID-value-here",
  sendId: "TestDev250207",
  listId: "TestDev1",
};

const ATTEMPT: DeliveryEvent = {
  ...BASE,
  name: "delivery_attempt",
  from: "sender@yourdomain.com",
  injectedAt: 1_738_908_430_001,
  text: "142.251.185.27 accepted message.\nRemote host said: 250 2.0.0 OK\n",
  status: "success",
};

const bounce = (name: "bounce_all" | "bounce_bad_address", text: string): DeliveryEvent => ({
  ...BASE,
  name,
  bounceType: "h",
  bounceCode: 10,
  text,
});

describe("kasploBody", () => {
  it("makes a delivery_attempt of exactly the documented keys", () => {
    expect(kasploBody(ATTEMPT)).toEqual({
      click_tracking_id: "9307750b-76cb-42e7-83b5-f83462e6b646:0",
      email: "recipient@example.com",
      event: "delivery_attempt",
      event_type: "delivery_attempt",
      from_address: "sender@yourdomain.com",
      injected_time: "1738908430",
      listid: "testdev1",
      message: "142.251.185.27 accepted message./Remote host said: 250 2.0.0 OK/",
      outmtaid_ip: "",
      sendid: "testdev250207",
      status: "success",
      timestamp: "1738908434",
      tags: "Custom-ID-value-here",
    });
  });

  it.each(["bounce_all", "bounce_bad_address"] as const)(
    "makes a %s of exactly the documented keys, with real newlines",
    (name) => {
      const text = "142.251.185.27 does not like recipient.\nRemote host said: 550 5.1.1 No";
      expect(kasploBody(bounce(name, text))).toEqual({
        bounce_code: "10",
        bounce_text: text,
        bounce_type: "h",
        click_tracking_id: "9307750b-76cb-42e7-83b5-f83462e6b646:0",
        email: "recipient@example.com",
        event: name,
        event_type: name,
        listid: "testdev1",
        sendid: "testdev250207",
        timestamp: "1738908434",
        tags: "Custom-ID-value-here",
      });
    },
  );

  const VISIT = { ip: "185.240.76.223", userAgent: "Mozilla/5.0 (X11)", machine: true };
  const TOLD = {
    click_tracking_id: "9307750b-76cb-42e7-83b5-f83462e6b646:0",
    email: "recipient@example.com",
    sendid: "testdev250207",
    timestamp: "1738908434",
    tags: "Custom-ID-value-here",
  };
  const TOLD_VISIT = { engine_ip: "185.240.76.223", user_agent: "Mozilla/5.0 (X11)" };

  it("makes an open, a click, an unsubscribe and a complaint of exactly the documented keys (A-058, A-059)", () => {
    const url = "http://www.example.com";
    expect(kasploBody({ ...BASE, ...VISIT, name: "open" })).toEqual({
      ...TOLD,
      ...TOLD_VISIT,
      event: "open",
      event_type: "engine_open",
    });
    expect(kasploBody({ ...BASE, ...VISIT, name: "click", url })).toEqual({
      ...TOLD,
      ...TOLD_VISIT,
      event: "click",
      event_type: "engine_click",
      click_url: url,
    });
    expect(kasploBody({ ...BASE, name: "unsubscribe" })).toEqual({
      ...TOLD,
      event: "unsubscribe",
      event_type: "engine_unsub",
    });
    expect(kasploBody({ ...BASE, name: "spam_complaint" })).toEqual({
      ...TOLD,
      event: "spam_complaint",
      event_type: "scomp",
    });
  });

  it("gives every value as a string, the time as ten digits", () => {
    for (const event of [ATTEMPT, bounce("bounce_all", "x"), bounce("bounce_bad_address", "x")]) {
      const body = kasploBody(event);
      for (const value of Object.values(body)) expect(typeof value).toBe("string");
      expect(body["timestamp"]).toMatch(/^\d{10}$/);
    }
  });

  it("writes every kind of newline in message as a slash", () => {
    expect(kasploBody({ ...ATTEMPT, text: "a\r\nb\rc\n" })["message"]).toBe("a/b/c/");
  });

  it("cuts bounce_text after 1000 characters, never inside one", () => {
    const text = kasploBody(bounce("bounce_all", "🎉".repeat(1_500)))["bounce_text"] ?? "";
    expect(Array.from(text)).toHaveLength(1_000);
    expect(text.endsWith("🎉")).toBe(true);
  });
});

describe("kasploEntry", () => {
  it("fixes the body, byte for byte the same each time", () => {
    const copy: DeliveryEvent = JSON.parse(JSON.stringify(ATTEMPT));
    expect(kasploEntry(copy).body).toBe(kasploEntry(ATTEMPT).body);
    expect(kasploEntry(ATTEMPT)).toMatchObject({ id: BASE.id, event: "delivery_attempt" });
  });
});
