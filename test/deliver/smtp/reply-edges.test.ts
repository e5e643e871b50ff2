// F13: replies at the edge of the grammar and beyond, over real sockets.
import { expect, it } from "vitest";

import type { PeerAction, PeerRule, PeerStep } from "../../peers/script.ts";
import { SHORT, ignore, mail, nothing, open, opened, summary, withPeer } from "./session-cases.ts";

const at = (step: PeerStep, action: PeerAction): PeerRule => ({ at: step, do: action });
const bytewise = { bytes: 1, every: 0 } as const;
const lines = (count: number): string => `${"250-2.0.0 more\r\n".repeat(count - 1)}250 2.0.0 Ok`;

const CASES: Readonly<Record<string, { rules: readonly PeerRule[]; ending: string }>> = {
  "byte-wise replies": {
    rules: [
      at("banner", { reply: "220 peer.test", pieces: bytewise }),
      at("ehlo", { reply: "250-peer.test\r\n250 PIPELINING", pieces: bytewise }),
      at("rcpt", { reply: "250-2.1.5 yes\r\n250 2.1.5 yes", pieces: bytewise }),
      at("data", { reply: "354 go", pieces: bytewise }),
      at("dot", { reply: "250 2.0.0 Ok", pieces: bytewise }),
    ],
    ending: "accepted 250",
  },
  "mixed codes in the reply to EHLO": {
    rules: [at("ehlo", { reply: "250-peer.test\r\n550 no" })],
    ending: "unusable ehlo -",
  },
  "mixed codes in the reply to RCPT": {
    rules: [at("rcpt", { reply: "250-yes\r\n550 no" })],
    ending: "broken rcpt",
  },
  "mixed codes after the dot": {
    rules: [at("dot", { reply: "250-yes\r\n550 no" })],
    ending: "broken content ambiguous",
  },
  "no last line after EHLO": {
    rules: [at("ehlo", { reply: "250-peer.test\r\n250-PIPELINING" })],
    ending: "unusable ehlo -",
  },
  "no last line after the dot, then closed": {
    rules: [at("dot", { reply: "250-almost", after: "close" })],
    ending: "broken content ambiguous",
  },
  "bare LF as line end": {
    rules: [
      at("banner", { reply: "220-hello\n220 peer.test\n", raw: true }),
      at("ehlo", { reply: "250-peer.test\n250 PIPELINING\n", raw: true }),
      at("dot", { reply: "250 2.0.0 Ok\n", raw: true }),
    ],
    ending: "accepted 250",
  },
  "bytes that are not UTF-8": {
    rules: [at("rcpt", { reply: "550 5.1.1 utilisateur supprim\u00e9", latin1: true })],
    ending: "refused rcpt 550 5.1.1",
  },
  "250 in place of 354": { rules: [at("data", { reply: "250 Ok" })], ending: "broken data" },
  "a reply before its command, behind the greeting": {
    rules: [at("banner", { reply: "220 peer.test\r\n250 early" })],
    ending: "unusable ehlo -",
  },
  "two replies at once to EHLO": {
    rules: [at("ehlo", { reply: "250 peer.test\r\n250 again" })],
    ending: "broken mail",
  },
  "two replies at once to DATA": {
    rules: [at("data", { reply: "354 go\r\n250 done already" })],
    ending: "broken data",
  },
  "a code without text": { rules: [at("mail", { reply: "250" })], ending: "accepted 250" },
  "251 for a recipient": {
    rules: [at("rcpt", { reply: "251 2.1.5 will forward" })],
    ending: "accepted 250",
  },
  "354 in place of 250": { rules: [at("mail", { reply: "354 go" })], ending: "broken mail" },
  "354 after the dot": {
    rules: [at("dot", { reply: "354 more" })],
    ending: "broken content ambiguous",
  },
  "a code that no server may send": {
    rules: [at("mail", { reply: "650 6.0.0 what" })],
    ending: "broken mail",
  },
  "100 lines": { rules: [at("dot", { reply: lines(100) })], ending: "accepted 250" },
  "101 lines": {
    rules: [at("dot", { reply: lines(101) })],
    ending: "broken content ambiguous",
  },
  "a line of 2,000 bytes": {
    rules: [at("dot", { reply: `250 ${"x".repeat(1_996)}` })],
    ending: "accepted 250",
  },
  "a line of 2,001 bytes": {
    rules: [at("dot", { reply: `250 ${"x".repeat(1_997)}` })],
    ending: "broken content ambiguous",
  },
  "an empty line before the greeting": {
    rules: [at("banner", { reply: "\r\n220 peer.test" })],
    ending: "unusable greeting -",
  },
  "a greeting of several lines": {
    rules: [at("banner", { reply: "220-peer.test\r\n220-we log\r\n220 everything" })],
    ending: "accepted 250",
  },
  "an HTTP server": {
    rules: [at("banner", { reply: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n" })],
    ending: "unusable greeting -",
  },
  "an enhanced code of another class": {
    rules: [at("rcpt", { reply: "550 4.2.2 undecided" })],
    ending: "refused rcpt 550 -",
  },
  "a refusal of several lines": {
    rules: [at("rcpt", { reply: "550-5.1.1 The account\r\n550 5.1.1 does not exist" })],
    ending: "refused rcpt 550 5.1.1",
  },
  "a reply that is late, but in time": {
    rules: [at("rcpt", { reply: "250 2.1.5 Ok", delay: 400 })],
    ending: "accepted 250",
  },
};

it.concurrent.for(Object.entries(CASES))("judges %s", async ([, { rules, ending }]) => {
  await withPeer({ rules }, async (peer) => {
    const session = await open(peer, {}, SHORT);
    const got = session.ok
      ? await session.value.send(mail("a@peer.test"), nothing, ignore)
      : session.error;
    expect(summary(got)).toBe(ending);
    if (session.ok) await session.value.quit();
  });
});

it("shows hostile bytes in a reply as printable text", async () => {
  const reply = "550 5.1.1 a\u0000b\u001b[31mc\u007fd\te\u00e9";
  await withPeer({ rules: [at("rcpt", { reply, latin1: true })] }, async (peer) => {
    const session = await opened(peer);
    const ending = await session.send(mail("a@peer.test"), nothing, ignore);
    expect(ending).toMatchObject({
      reply: { code: 550, lines: ["5.1.1 a\uFFFDb\uFFFD[31mc\uFFFDd e\uFFFD"] },
    });
    await session.quit();
  });
});

it("does not let an extra reply after the dot accept the next message", async () => {
  const rules = [{ at: "dot", nth: 1, do: { reply: "250 2.0.0 Ok\r\n250 2.0.0 twice" } }] as const;
  await withPeer({ rules }, async (peer) => {
    const session = await opened(peer);
    const second = mail("b@peer.test");
    const first = await session.send(mail("a@peer.test"), () => second, ignore);
    const next = await session.send(second, nothing, ignore);
    expect([summary(first), summary(next)]).toEqual(["accepted 250", "broken data"]);
    expect((await peer.log()).messages.map(({ to }) => to[0])).toEqual(["a@peer.test"]);
  });
});

it("stops sending a content that is refused half-way, and reports the refusal", async () => {
  const reply = "354 go\r\n552 5.3.4 too big for us";
  const pieces = { bytes: 8, every: 30 };
  await withPeer({ size: null, rules: [at("data", { reply, pieces })] }, async (peer) => {
    const session = await opened(peer);
    const chunk = new Uint8Array(65_536).fill(120);
    const content = Array.from({ length: 16_384 }, () => chunk);
    const ending = await session.send(mail("a@peer.test", { content }), nothing, ignore);
    expect(summary(ending)).toBe("refused content 552 5.3.4");
    expect(session.usable).toBe(false);
    const log = await peer.until((seen) => seen.connections[0]?.closedAt !== null);
    expect(log.messages).toEqual([]);
  });
});

it("does not believe an acceptance that came before the end of the content", async () => {
  const reply = "354 go\r\n250 2.0.0 thank you";
  const pieces = { bytes: 8, every: 30 };
  await withPeer({ size: null, rules: [at("data", { reply, pieces })] }, async (peer) => {
    const session = await opened(peer);
    const chunk = new Uint8Array(65_536).fill(120);
    const content = Array.from({ length: 16_384 }, () => chunk);
    const ending = await session.send(mail("a@peer.test", { content }), nothing, ignore);
    expect(summary(ending)).toBe("broken content");
  });
});

it("speaks HELO to a relay that does not know EHLO, then in lockstep", async () => {
  const rules = [at("ehlo", { reply: "502 5.5.1 what?" })];
  await withPeer({ rules }, async (peer) => {
    const session = await opened(peer);
    expect(summary(await session.send(mail("a@peer.test"), nothing, ignore))).toBe("accepted 250");
    await session.quit();
    const log = await peer.log();
    expect(log.lines.map(({ text }) => text)).toEqual([
      "EHLO client.edgepost.test",
      "HELO client.edgepost.test",
      "MAIL FROM:<sender@edgepost.test>",
      "RCPT TO:<a@peer.test>",
      "DATA",
      "QUIT",
    ]);
  });
});
