// The carrier: one session for one relay as long as it is usable, a slot for each socket, and no socket
// for a relay that may not be called.
import { afterEach, describe, expect, it } from "vitest";
import { Carrier } from "../../src/deliver/deliver.ts";
import { slots } from "../../src/deliver/slots.ts";
import type { Dial } from "../../src/deliver/smtp/transaction.ts";
import { utf8 } from "../../src/lib/bytes.ts";
import type { UsableRelay } from "../../src/model/relay.ts";
import { type SmtpPeer, startSmtpPeer } from "../peers/client.ts";
import type { SmtpScript } from "../peers/script.ts";
import { testApp, type TestApp } from "../support/world.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function given(script: SmtpScript = {}): Promise<SmtpPeer> {
  const peer = await startSmtpPeer(script);
  stops.push(peer.stop);
  return peer;
}

function relayAt(host: string, port: number, id = "r"): UsableRelay {
  const login = { host, port, username: null, password: null, allowCleartextAuth: true };
  return { id, login: { ...login, tls: "none" }, health: null, vendor: null, verp: true };
}

const relayOf = (peer: SmtpPeer, id?: string) => relayAt(peer.host, peer.port, id);

const TX = {
  from: "s@edgepost.test",
  to: "a@example.com",
  content: [utf8("Subject: x\r\n\r\nx\r\n")],
  eightBit: false,
  smtputf8: false,
};
const ALONE = { next: () => undefined, onSlow() {} };

/** An app that counts its sockets. */
function counting(change: Partial<TestApp> = {}) {
  let open = 0;
  let most = 0;
  const { dial } = testApp();
  const counted: Dial = (address) => {
    const stream = dial(address);
    open += 1;
    most = Math.max(most, open);
    const closed = () => void (open -= 1);
    stream.closed.then(closed, closed);
    return stream;
  };
  const app = testApp({ dial: counted, log() {}, ...change });
  return { app, most: () => most, open: () => open };
}

describe("a carrier", () => {
  it("carries one message after the other over one connection", async () => {
    const peer = await given();
    const { app, most } = counting();
    const carrier = new Carrier(app, slots(1));
    for (let n = 0; n < 5; n++) {
      expect((await carrier.carry(relayOf(peer), TX, ALONE)).kind).toBe("accepted");
    }
    carrier.quit();
    await app.idle();
    const log = await peer.log();
    expect([log.connections.length, log.messages.length, most()]).toEqual([1, 5, 1]);
    expect(log.lines.at(-1)?.text).toBe("QUIT");
  });

  it("goes on over the same connection after a refusal", async () => {
    const rule = { at: "rcpt", nth: 1, do: { reply: "550 5.1.1 No" } } as const;
    const peer = await given({ rules: [rule] });
    const { app } = counting();
    const carrier = new Carrier(app, slots(1));
    expect((await carrier.carry(relayOf(peer), TX, ALONE)).kind).toBe("refused");
    expect((await carrier.carry(relayOf(peer), TX, ALONE)).kind).toBe("accepted");
    carrier.quit();
    await app.idle();
    expect((await peer.log()).connections.length).toBe(1);
  });

  it("opens another when the relay closed the first, one at a time", async () => {
    const rule = { at: "dot", nth: 1, do: { reply: "250 2.0.0 Ok", after: "close" } } as const;
    const peer = await given({ rules: [rule] });
    const { app, most } = counting();
    const carrier = new Carrier(app, slots(1));
    expect((await carrier.carry(relayOf(peer), TX, ALONE)).kind).toBe("accepted");
    const second = await carrier.carry(relayOf(peer), TX, ALONE);
    const third = await carrier.carry(relayOf(peer), TX, ALONE);
    expect([second.kind, third.kind]).toContain("accepted");
    carrier.quit();
    await app.idle();
    expect([(await peer.log()).connections.length, most()]).toEqual([2, 1]);
  });

  it("says goodbye to one relay before it speaks with another", async () => {
    const one = await given();
    const other = await given();
    const { app, most } = counting();
    const carrier = new Carrier(app, slots(1));
    await carrier.carry(relayOf(one, "one"), TX, ALONE);
    await carrier.carry(relayOf(other, "other"), TX, ALONE);
    carrier.quit();
    await app.idle();
    const logs = await Promise.all([one.log(), other.log()]);
    expect(logs.map(({ messages, lines }) => [messages.length, lines.at(-1)?.text])).toEqual([
      [1, "QUIT"],
      [1, "QUIT"],
    ]);
    expect(most()).toBe(1);
  });

  it("has nothing to say when it never spoke", async () => {
    const { app, most } = counting();
    new Carrier(app, slots(1)).quit();
    await app.idle();
    expect(most()).toBe(0);
  });
});

describe("a relay that cannot be used", () => {
  it("is one whose port nobody listens on; its slot comes back", async () => {
    const nobody = await given({ listen: false });
    const peer = await given();
    const { app } = counting();
    const carrier = new Carrier(app, slots(1));
    const ending = await carrier.carry(relayOf(nobody, "nobody"), TX, ALONE);
    expect(ending).toMatchObject({ kind: "unusable", step: "connect", reply: null });
    expect((await carrier.carry(relayOf(peer), TX, ALONE)).kind).toBe("accepted");
    carrier.quit();
    await app.idle();
  });

  it("is one that the platform will not even try; its slot comes back at once", async () => {
    const peer = await given();
    const { dial } = testApp();
    let thrown = 0;
    const app = testApp({
      log() {},
      dial(address) {
        if (address.host === peer.host && thrown > 2) return dial(address);
        thrown += 1;
        throw new TypeError("proxy request failed: not a valid address");
      },
    });
    const carrier = new Carrier(app, slots(1));
    for (let n = 0; n < 3; n++) {
      const ending = await carrier.carry(relayOf(peer), TX, ALONE);
      expect(ending).toMatchObject({
        kind: "unusable",
        step: "connect",
        reason: "could not connect: proxy request failed: not a valid address",
      });
    }
    expect((await carrier.carry(relayOf(peer), TX, ALONE)).kind).toBe("accepted");
    carrier.quit();
    await app.idle();
  });

  it.each([
    ["private", "10.0.0.1", 587],
    ["loopback", "127.0.0.1", 2525],
    ["on port 25", "192.0.2.1", 25],
  ])("is one that is %s where it is deployed: nobody dials", async (_name, host, port) => {
    const { app, most } = counting();
    const deployed = { ...app, config: { ...app.config, localDev: false } };
    const carrier = new Carrier(deployed, slots(1));
    const ending = await carrier.carry(relayAt(host, port), TX, ALONE);
    expect([ending.kind, most()]).toEqual(["unusable", 0]);
  });

  it("is one whose name leads to a private address by now", async () => {
    const { app, most } = counting({
      fetch: () =>
        Promise.resolve(Response.json({ Status: 0, Answer: [{ type: 1, data: "10.0.0.1" }] })),
    });
    const deployed = { ...app, config: { ...app.config, localDev: false } };
    const relay = relayAt("smtp.example.com", 587);
    const ending = await new Carrier(deployed, slots(1)).carry(relay, TX, ALONE);
    expect([ending.kind, most()]).toEqual(["unusable", 0]);
  });
});
