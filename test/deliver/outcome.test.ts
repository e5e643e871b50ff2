import { describe, expect, it } from "vitest";

import { expire, judge, oneLine } from "../../src/deliver/outcome.ts";
import type { Ending } from "../../src/deliver/smtp/transaction.ts";
import { replyOf } from "../model/replies.ts";

const CONTEXT = { relay: "142.251.185.27" };
type RefusedStep = Extract<Ending, { kind: "refused" }>["step"];
type UnusableStep = Extract<Ending, { kind: "unusable" }>["step"];

function refusal(step: RefusedStep, transcript: string): Ending {
  return { kind: "refused", step, reply: replyOf(transcript), tls: true };
}

function unusable(step: UnusableStep, transcript: string | null, reason = "refused"): Ending {
  const reply = transcript === null ? null : replyOf(transcript);
  return { kind: "unusable", step, reply, reason };
}

describe("a message that the relay took", () => {
  it("is delivered, in the words of the contract's sample", () => {
    const words = "250 2.0.0 OK 1738908432 d75a77b69052e-47153b9056fsi25554051cf.364 - gsmtp";
    const outcome = judge({ kind: "accepted", reply: replyOf(words), tls: true }, CONTEXT);
    expect(outcome).toEqual({
      state: "delivered",
      result: "success",
      code: null,
      reply: words,
      text: `142.251.185.27 accepted message.\nRemote host said: ${words}\n`,
      tls: true,
    });
    expect(oneLine(outcome.text)).toBe(
      `142.251.185.27 accepted message./Remote host said: ${words}/`,
    );
  });
});

describe("a message that the relay refused", () => {
  it.each<[RefusedStep, string]>([
    ["mail", "Connected to 142.251.185.27 but sender was rejected."],
    ["rcpt", "142.251.185.27 does not like recipient."],
    ["data", "142.251.185.27 failed on DATA command."],
    ["content", "142.251.185.27 failed after I sent the message."],
  ])("at %s bounces with a 5xx and is deferred with a 4xx", (step, sentence) => {
    expect(judge(refusal(step, "554 5.7.1 policy"), CONTEXT)).toEqual({
      state: "bounced",
      result: "failure",
      code: 50,
      reply: "554 5.7.1 policy",
      text: `${sentence}\nRemote host said: 554 5.7.1 policy\n`,
      tls: true,
    });
    expect(judge(refusal(step, "451 4.3.0 later"), CONTEXT)).toEqual({
      state: "deferred",
      result: "deferral",
      code: 20,
      reply: "451 4.3.0 later",
      text: `${sentence}\nRemote host said: 451 4.3.0 later\n`,
      tls: true,
    });
  });

  it.each<[RefusedStep, string, string, number]>([
    ["rcpt", "550 5.1.1 no such user", "bounced", 10],
    ["content", "550 5.1.1 no such user", "bounced", 10],
    ["rcpt", "550 5.1.2 no such domain", "bounced", 10],
    ["rcpt", "452 4.2.2 mailbox full", "deferred", 22],
    ["content", "554 5.7.1 This looks like spam", "bounced", 52],
    ["rcpt", "421 4.3.2 shutting down", "deferred", 20],
    ["mail", "552 5.3.4 Message size exceeds the relay's limit", "bounced", 23],
  ])("at %s with %s is %s with code %i", (step, transcript, state, code) => {
    expect(judge(refusal(step, transcript), CONTEXT)).toMatchObject({ state, code });
  });

  it("at MAIL never makes the recipient's address bad", () => {
    expect(judge(refusal("mail", "550 5.1.1 User unknown"), CONTEXT)).toMatchObject({
      state: "bounced",
      code: 40,
    });
  });

  it.each(["530 5.7.0 Must issue a STARTTLS command first", "535 5.7.8 bad credentials"])(
    "because of our account (%s) is deferred, not bounced",
    (transcript) => {
      expect(judge(refusal("mail", transcript), CONTEXT)).toMatchObject({
        state: "deferred",
        result: "deferral",
        code: 59,
      });
    },
  );

  it("is not bounced by an answer that is no refusal", () => {
    expect(judge(refusal("data", "250 ok"), CONTEXT)).toMatchObject({ state: "deferred" });
    expect(judge(refusal("data", "999 what"), CONTEXT)).toMatchObject({ state: "deferred" });
  });

  it("cannot put control characters or line breaks into the ledger", () => {
    const reply = { code: 550, enhanced: null, lines: ["\u001B[2Jgone", "a\r\nb\u202E\uDC00"] };
    const outcome = judge({ kind: "refused", step: "rcpt", reply, tls: false }, CONTEXT);
    expect(outcome.reply).toBe("550 gone a b\uFFFD");
    expect(outcome.text).toBe(
      "142.251.185.27 does not like recipient.\nRemote host said: 550 gone a b\uFFFD\n",
    );
  });
});

describe("a relay that could not be used", () => {
  const steps: readonly UnusableStep[] = ["connect", "greeting", "ehlo", "starttls", "auth"];

  it.each(steps)("defers at %s, whatever it answered", (step) => {
    for (const transcript of ["554 5.1.1 no such user", "421 4.7.0 later", null]) {
      expect(judge(unusable(step, transcript), CONTEXT)).toMatchObject({
        state: "deferred",
        result: "deferral",
        tls: null,
      });
    }
  });

  it.each<[UnusableStep, string]>([
    ["greeting", "greeting failed"],
    ["ehlo", "my name was rejected"],
    ["starttls", "TLS failed"],
    ["auth", "authentication failed"],
  ])("at %s expires as 59 after a 5xx and as 29 after a 4xx", (step, what) => {
    const blocked = judge(unusable(step, "554 5.7.1 go away"), CONTEXT);
    expect(blocked.code).toBe(59);
    expect(blocked.text).toBe(
      `Connected to 142.251.185.27 but ${what}.\nRemote host said: 554 5.7.1 go away\n`,
    );
    expect(judge(unusable(step, "421 later"), CONTEXT).code).toBe(29);
  });

  it("says why no connection came about", () => {
    expect(judge(unusable("connect", null, "timed out after 10 s"), CONTEXT)).toEqual({
      state: "deferred",
      result: "deferral",
      code: 29,
      reply: "timed out after 10 s",
      text:
        "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)\n" +
        "142.251.185.27: timed out after 10 s\n",
      tls: null,
    });
  });

  it("says why TLS failed", () => {
    const outcome = judge(unusable("starttls", null, "certificate is not trusted"), CONTEXT);
    expect(outcome.code).toBe(29);
    expect(outcome.text).toBe(
      "Connected to 142.251.185.27 but TLS failed. (#4.4.2)\n" +
        "142.251.185.27: certificate is not trusted\n",
    );
  });

  it.each([
    "DNS lookup failed.",
    "the name does not resolve",
    "getaddrinfo ENOTFOUND relay.example",
    "no such host",
    "Name or service: host not found",
  ])("is a DNS failure (21) when its name is not found: %s", (reason) => {
    const outcome = judge(unusable("connect", null, reason), { relay: "relay.example" });
    expect(outcome.code).toBe(21);
    expect(outcome.text).toBe(
      `Sorry, I couldn't find any host by that name. (#4.1.2)\nrelay.example: ${reason}\n`,
    );
  });
});

describe("a connection that broke", () => {
  it("before the end of the message is a plain deferral", () => {
    const ending = { kind: "broken", step: "rcpt", ambiguous: false, tls: true } as const;
    expect(judge({ ...ending, reason: "timed out after 30 s" }, CONTEXT)).toEqual({
      state: "deferred",
      result: "deferral",
      code: 20,
      reply: "timed out after 30 s",
      text:
        "Connected to 142.251.185.27 but connection died. (#4.4.2)\n" +
        "The message was not accepted: at RCPT, timed out after 30 s.\n",
      tls: true,
    });
  });

  it("after the end of the message is unknown, and says that a copy may exist", () => {
    const ending = { kind: "broken", step: "content", ambiguous: true, tls: false } as const;
    expect(judge({ ...ending, reason: "connection closed" }, CONTEXT)).toEqual({
      state: "deferred",
      result: "unknown",
      code: 20,
      reply: "connection closed",
      text:
        "Connected to 142.251.185.27 but connection died. Possible duplicate! (#4.4.2)\n" +
        "The message may have been accepted: no reply to its end was read (connection closed).\n",
      tls: false,
    });
  });
});

describe("expire", () => {
  const last = judge(refusal("rcpt", "452 4.2.2 mailbox full"), CONTEXT);

  it("closes the last deferral's text and keeps its code", () => {
    expect(expire(last)).toEqual({
      state: "expired",
      result: "failure_toolong",
      code: 22,
      text:
        "142.251.185.27 does not like recipient.\nRemote host said: 452 4.2.2 mailbox full\n" +
        "I'm not going to try again; this message has been in the queue too long.\n",
    });
  });

  it("needs no last attempt", () => {
    const sentence = "I'm not going to try again; this message has been in the queue too long.\n";
    expect(expire({ text: "", code: null })).toMatchObject({ code: 20, text: sentence });
    expect(expire({ text: "Held.", code: 7 })).toMatchObject({ text: `Held.\n${sentence}` });
  });
});
