import { expect, it } from "vitest";

import type { Transaction } from "../../../src/deliver/smtp/transaction.ts";
import { bytesOf } from "../../peers/client.ts";
import { SHORT, ignore, mail, nothing, open, opened, summary, withPeer } from "./session-cases.ts";

/** Sends all on one session, each opened ahead of time, QUIT with the last; one summary each. */
async function sendAll(
  session: Awaited<ReturnType<typeof opened>>,
  all: readonly Transaction[],
): Promise<string[]> {
  const endings: string[] = [];
  for (const [i, tx] of all.entries()) {
    const ending = await session.send(tx, () => all[i + 1] ?? "quit", ignore);
    endings.push(summary(ending));
  }
  return endings;
}

const many = (count: number): Transaction[] =>
  Array.from({ length: count }, (_, i) => mail(`r${i}@peer.test`));

it("sends a message as RFC 5321 and RFC 2920 say", async () => {
  await withPeer({}, async (peer) => {
    const session = await opened(peer);
    const ending = await session.send(mail("a@peer.test"), () => "quit", ignore);
    expect(ending).toEqual({
      kind: "accepted",
      tls: false,
      reply: { code: 250, enhanced: "2.0.0", lines: ["2.0.0 Ok: queued as TEST"] },
    });
    expect(session.usable).toBe(false);
    const log = await peer.until((seen) => seen.lines.some((line) => line.text === "QUIT"));
    expect(log.lines.map((line) => line.text)).toEqual([
      "EHLO client.edgepost.test",
      "MAIL FROM:<sender@edgepost.test> SIZE=35",
      "RCPT TO:<a@peer.test>",
      "DATA",
      "QUIT",
    ]);
    expect(new TextDecoder().decode(bytesOf(log.messages[0]?.content ?? ""))).toBe(
      "Subject: to a@peer.test\r\n\r\nHello.\r\n",
    );
  });
});

it("needs at most 1.1 round trips per message for 100 messages on one connection", async () => {
  await withPeer({}, async (peer) => {
    const endings = await sendAll(await opened(peer), many(100));
    expect(new Set(endings)).toEqual(new Set(["accepted 250"]));
    const log = await peer.log();
    expect(log.messages.map((message) => message.to[0])).toEqual(many(100).map((tx) => tx.to));
    expect(log.connections).toHaveLength(1);
    expect(log.roundTrips).toBeLessThanOrEqual(110);
  });
});

it("sends in lockstep to a relay without PIPELINING and asks for nothing ahead", async () => {
  await withPeer({ pipelining: false }, async (peer) => {
    const session = await opened(peer);
    let asked = 0;
    for (const tx of many(3)) {
      const next = (): undefined => void (asked += 1);
      expect(summary(await session.send(tx, next, ignore))).toBe("accepted 250");
    }
    await session.quit();
    const log = await peer.until((seen) => seen.connections[0]?.closedAt !== null);
    expect(asked).toBe(0);
    expect(log.messages).toHaveLength(3);
    expect(log.roundTrips).toBeGreaterThanOrEqual(11);
    expect(log.lines.at(-1)?.text).toBe("QUIT");
  });
});

it("gives each message on a session its own ending (F14)", async () => {
  const rules = [
    { at: "rcpt", match: "r1@", do: { reply: "550 5.1.1 no such user" } },
    { at: "mail", nth: 4, do: { reply: "451 4.3.0 try later" } },
    { at: "dot", match: "r5@", do: { reply: "554 5.7.1 spam" } },
    { at: "dot", match: "r6@", do: { reply: "452 4.2.2 mailbox full" } },
    { at: "data", match: "r8@", do: { reply: "451 4.7.1 greylisted" } },
    { at: "rcpt", match: "r10@", do: { reply: "452 4.5.3 too many" } },
    { at: "rcpt", match: "r11@", do: { reply: "452 4.5.3 too many" } },
  ] as const;
  for (const pipelining of [true, false]) {
    await withPeer({ rules, pipelining }, async (peer) => {
      const endings = await sendAll(await opened(peer), many(13));
      expect(endings).toEqual([
        "accepted 250",
        "refused rcpt 550 5.1.1",
        "accepted 250",
        "refused mail 451 4.3.0",
        "accepted 250",
        "refused content 554 5.7.1",
        "refused content 452 4.2.2",
        "accepted 250",
        "refused data 451 4.7.1",
        "accepted 250",
        "refused rcpt 452 4.5.3",
        "refused rcpt 452 4.5.3",
        "accepted 250",
      ]);
      const log = await peer.log();
      const taken = log.messages.filter((message) => message.accepted).map(({ to }) => to[0]);
      expect(taken).toEqual([0, 2, 4, 7, 9, 12].map((i) => `r${i}@peer.test`));
      expect(log.connections).toHaveLength(1);
    });
  }
});

it("ends an empty message with a lone dot when all recipients were refused yet DATA got 354", async () => {
  const rules = [
    { at: "rcpt", match: "r1@", do: { reply: "550 5.1.1 no such user" } },
    { at: "data", match: "r1@", do: { reply: "354 go ahead" } },
  ] as const;
  await withPeer({ rules }, async (peer) => {
    const endings = await sendAll(await opened(peer), many(3));
    expect(endings).toEqual(["accepted 250", "refused rcpt 550 5.1.1", "accepted 250"]);
    const log = await peer.log();
    expect(log.messages.map(({ size, accepted }) => [size > 0, accepted])).toEqual([
      [true, true],
      [false, false],
      [true, true],
    ]);
  });
});

it("closes instead when MAIL was refused yet the recipient and DATA were accepted", async () => {
  const rules = [
    { at: "mail", do: { reply: "550 5.7.1 not you" } },
    { at: "rcpt", do: { reply: "250 2.1.5 Ok" } },
    { at: "data", do: { reply: "354 go ahead" } },
  ] as const;
  await withPeer({ rules }, async (peer) => {
    const session = await opened(peer);
    const ending = await session.send(mail("a@peer.test"), nothing, ignore);
    expect(summary(ending)).toBe("refused mail 550 5.7.1");
    expect(session.usable).toBe(false);
    const log = await peer.until((seen) => seen.connections[0]?.closedAt !== null);
    expect(log.messages).toEqual([]);
    expect(log.unfinished.map(({ bytes }) => bytes)).toEqual([0]);
  });
});

it("gives up what was opened ahead when the relay is slow, and never sends its content", async () => {
  const rules = [{ at: "dot", nth: 1, do: { reply: "250 2.0.0 late", delay: 1_700 } }] as const;
  await withPeer({ rules }, async (peer) => {
    const session = await opened(peer, {}, SHORT);
    const ahead = mail("ahead@peer.test");
    let slow = 0;
    const ending = await session.send(
      mail("first@peer.test"),
      () => ahead,
      () => void (slow += 1),
    );
    expect(summary(ending)).toBe("accepted 250");
    expect(slow).toBe(1);
    expect(session.usable).toBe(false);
    expect(summary(await session.send(ahead, nothing, ignore))).toBe("broken mail");
    const log = await peer.until((seen) => seen.connections[0]?.closedAt !== null);
    expect(log.messages.map(({ to }) => to[0])).toEqual(["first@peer.test"]);
    expect(log.unfinished.every(({ bytes }) => bytes === 0)).toBe(true);
  });
});

it("stays usable after a slow reply when nothing was opened ahead", async () => {
  const rules = [{ at: "dot", nth: 1, do: { reply: "250 2.0.0 late", delay: 1_700 } }] as const;
  await withPeer({ rules }, async (peer) => {
    const session = await opened(peer, {}, SHORT);
    let slow = 0;
    const first = await session.send(mail("a@peer.test"), nothing, () => void (slow += 1));
    const second = await session.send(mail("b@peer.test"), nothing, ignore);
    await session.quit();
    expect([summary(first), summary(second), slow]).toEqual(["accepted 250", "accepted 250", 1]);
  });
});

it("waits for beforeContent between 354 and the first byte of content", async () => {
  await withPeer({}, async (peer) => {
    const session = await opened(peer);
    let atMark = -1;
    const marked = mail("a@peer.test", {
      beforeContent: async () => {
        const log = await peer.until((seen) => seen.unfinished.length > 0);
        atMark = log.unfinished[0]?.bytes ?? -1;
      },
    });
    expect(summary(await session.send(marked, () => "quit", ignore))).toBe("accepted 250");
    expect(atMark).toBe(0);
  });
});

it("ends the session when beforeContent fails, without a byte of content", async () => {
  await withPeer({}, async (peer) => {
    const session = await opened(peer);
    const failing = mail("a@peer.test", {
      beforeContent: async () => await Promise.reject(new Error("no mark")),
    });
    await expect(session.send(failing, nothing, ignore)).rejects.toThrow("no mark");
    expect(session.usable).toBe(false);
    const log = await peer.until((seen) => seen.connections[0]?.closedAt !== null);
    expect(log.messages).toEqual([]);
  });
});

it("refuses here what the relay cannot take, and what must not be spoken", async () => {
  await withPeer({ size: 1_000, eightBitMime: false }, async (peer) => {
    const session = await opened(peer);
    const refused: [Transaction, string][] = [
      [mail("a@peer.test", { content: [new Uint8Array(1_001)] }), "mail 552 5.3.4"],
      [mail("a@peer.test", { eightBit: true }), "mail 554 5.6.3"],
      [mail("a@peer.test", { smtputf8: true }), "mail 553 5.6.7"],
      [mail("ä@peer.test"), "mail 553 5.6.7"],
      [mail("a@peer.test", { from: "x> SIZE=1" }), "mail 501 5.1.7"],
      [mail("a@peer.test>\r\nRCPT TO:<b@peer.test"), "rcpt 501 5.1.3"],
      [mail("a\n@peer.test"), "rcpt 501 5.1.3"],
      [mail("a\0@peer.test"), "rcpt 501 5.1.3"],
      [mail("a b@peer.test"), "rcpt 501 5.1.3"],
      [mail("<a@peer.test"), "rcpt 501 5.1.3"],
      [mail("a\u2028@peer.test"), "rcpt 501 5.1.3"],
      [mail(""), "rcpt 501 5.1.3"],
      [mail(`${"a".repeat(400)}@peer.test`), "rcpt 501 5.1.3"],
    ];
    for (const [tx, expected] of refused) {
      expect(summary(await session.send(tx, nothing, ignore))).toBe(`refused ${expected}`);
    }
    const good = mail("good@peer.test", { from: "" });
    const [bad] = refused[0] ?? [];
    expect(summary(await session.send(good, () => bad, ignore))).toBe("accepted 250");
    expect(summary(await session.send(bad ?? good, nothing, ignore))).toBe(
      "refused mail 552 5.3.4",
    );
    await session.quit();
    const log = await peer.log();
    const verbs = log.lines.map((line) => line.text.split(" ")[0]);
    expect(verbs).toEqual(["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]);
    expect(log.lines[1]?.text).toMatch(/^MAIL FROM:<> SIZE=\d+$/u);
  });
});

it("asks for 8BITMIME and SMTPUTF8 when they are needed and offered", async () => {
  await withPeer({ smtputf8: true, size: null }, async (peer) => {
    const session = await opened(peer);
    const tx = mail("jörg@peer.test", { eightBit: true, smtputf8: true });
    expect(summary(await session.send(tx, () => "quit", ignore))).toBe("accepted 250");
    const log = await peer.log();
    expect(log.messages[0]?.parameters).toBe("BODY=8BITMIME SMTPUTF8");
    const asWritten = new TextDecoder().decode(
      Uint8Array.from(log.messages[0]?.to[0] ?? "", (char) => char.charCodeAt(0)),
    );
    expect(asWritten).toBe("jörg@peer.test");
  });
});

it("sends 25 MB unharmed, and small messages after it", async () => {
  await withPeer({ keepContent: false }, async (peer) => {
    const line = new TextEncoder().encode(`.${"x".repeat(75)}\r\n`);
    const chunk = new Uint8Array(line.length * 8_192);
    for (let at = 0; at < chunk.length; at += line.length) chunk.set(line, at);
    const content = Array.from({ length: 40 }, () => chunk);
    const session = await opened(peer);
    const endings = await sendAll(session, [
      mail("big@peer.test", { content }),
      mail("small@peer.test"),
    ]);
    expect(endings).toEqual(["accepted 250", "accepted 250"]);
    const whole = new Uint8Array(chunk.length * 40);
    for (let i = 0; i < 40; i += 1) whole.set(chunk, i * chunk.length);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", whole)).toHex();
    const log = await peer.log();
    expect(log.messages[0]?.sha256).toBe(digest);
    expect(log.messages).toHaveLength(2);
  });
});

it("reports a relay that stops reading as broken and not ambiguous, by the deadline", async () => {
  await withPeer({ readContent: false }, async (peer) => {
    const session = await opened(peer, {}, SHORT);
    const tx = mail("a@peer.test", { content: [new Uint8Array(24_000_000).fill(120)] });
    expect(summary(await session.send(tx, nothing, ignore))).toBe("broken content");
    expect(session.usable).toBe(false);
  });
});

it("does not take the farewell of an idle relay for an answer", async () => {
  for (const reply of ["421 4.4.2 idle too long", null]) {
    await withPeer({}, async (peer) => {
      const session = await opened(peer);
      const first = mail("a@peer.test");
      await peer.setRules([
        {
          at: "dot",
          do: { reply: `250 2.0.0 Ok${reply === null ? "" : `\r\n${reply}`}`, after: "close" },
        },
      ]);
      expect(summary(await session.send(first, nothing, ignore))).toBe("accepted 250");
      await peer.until((seen) => seen.messages.length > 0);
      expect(summary(await session.send(mail("b@peer.test"), nothing, ignore))).toBe("broken mail");
    });
  }
});

it("treats another transaction than the one opened ahead as a bug", async () => {
  await withPeer({}, async (peer) => {
    const session = await opened(peer);
    await session.send(mail("a@peer.test"), () => mail("b@peer.test"), ignore);
    await expect(session.send(mail("c@peer.test"), nothing, ignore)).rejects.toThrow("ahead");
    await session.quit();
    const log = await peer.until((seen) => seen.connections[0]?.closedAt !== null);
    expect(log.messages.map(({ to }) => to[0])).toEqual(["a@peer.test"]);
  });
});

it("closes at once when quitting with an envelope open ahead", async () => {
  await withPeer({}, async (peer) => {
    const session = await opened(peer);
    await session.send(mail("a@peer.test"), () => mail("b@peer.test"), ignore);
    await session.quit();
    expect(session.usable).toBe(false);
    const log = await peer.until((seen) => seen.connections[0]?.closedAt !== null);
    expect(log.messages).toHaveLength(1);
    expect(log.unfinished.every(({ bytes }) => bytes === 0)).toBe(true);
  });
});

it("does not open a session with an EHLO name that cannot be sent", async () => {
  const { openSession } = await import("../../../src/deliver/smtp/client.ts");
  await withPeer({}, async (peer) => {
    const { dial } = await import("../../../src/deliver/smtp/socket.ts");
    const { loginFor } = await import("./session-cases.ts");
    for (const name of ["a\r\nMAIL FROM:<x@y.z>", "a\0b", "a b", ""]) {
      const session = await openSession(dial, loginFor(peer), SHORT, name);
      expect(session.ok ? "open" : summary(session.error)).toBe("unusable ehlo -");
    }
    expect((await peer.log()).connections).toEqual([]);
    expect((await open(peer)).ok).toBe(true);
  });
});
