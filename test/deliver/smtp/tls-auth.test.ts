// What must never travel in clear: STARTTLS stripping, untrusted certificates, and logins.
import { expect, inject, it } from "vitest";

import type { RelayLogin } from "../../../src/deliver/smtp/transaction.ts";
import type { SmtpPeer } from "../../peers/client.ts";
import type { PeerRule, SmtpScript } from "../../peers/script.ts";
import { SHORT, ignore, mail, nothing, open, opened, summary, withPeer } from "./session-cases.ts";

const USER = "relay-user";
const PASSWORD = "correct horse\u00e9";
const credentials = { username: USER, password: PASSWORD } as const;

const starttls = (action: PeerRule["do"]): SmtpScript => ({
  starttls: true,
  rules: [{ at: "starttls", do: action }],
});
const handshake = (action: PeerRule["do"]): SmtpScript => ({
  starttls: true,
  rules: [{ at: "tls", do: action }],
});

/** What a relay or somebody on the way may do to TLS; the endings for `starttls` and for `none`. */
const STRIPPING: Readonly<Record<string, readonly [SmtpScript, string, string]>> = {
  "not offered": [{}, "starttls -", "accepted 250"],
  "only HELO is known": [
    { rules: [{ at: "ehlo", do: { reply: "500 what" } }] },
    "starttls -",
    "accepted 250",
  ],
  "refused for now": [starttls({ reply: "454 4.7.0 no TLS now" }), "starttls 454", "accepted 250"],
  "refused for good": [starttls({ reply: "554 5.7.1 never" }), "starttls 554", "accepted 250"],
  "answered 250": [starttls({ reply: "250 sure" }), "starttls 250", "unusable starttls 250"],
  "answered with garbage": [starttls({ reply: "\u0000TLS!" }), "starttls -", "unusable starttls -"],
  "answered by closing": [starttls({ drop: "close" }), "starttls -", "unusable starttls -"],
  "answered 421": [
    starttls({ reply: "421 4.3.2 bye", after: "close" }),
    "starttls 421",
    "unusable starttls 421",
  ],
  "handshake is plain text": [
    handshake({ reply: "250 no TLS here" }),
    "starttls -",
    "unusable starttls -",
  ],
  "handshake never comes": [handshake({ drop: "stall" }), "starttls -", "unusable starttls -"],
  "handshake closed": [handshake({ drop: "close" }), "starttls -", "unusable starttls -"],
  "handshake reset": [handshake({ drop: "rst" }), "starttls -", "unusable starttls -"],
  "certificate of another CA": [
    { starttls: true, certificate: "other-ca" },
    "starttls -",
    "unusable starttls -",
  ],
  "certificate signed by itself": [
    { starttls: true, certificate: "self-signed" },
    "starttls -",
    "unusable starttls -",
  ],
  "certificate for another host": [
    { starttls: true, certificate: "wrong-host" },
    "starttls -",
    "unusable starttls -",
  ],
  "certificate expired": [
    { starttls: true, certificate: "expired" },
    "starttls -",
    "unusable starttls -",
  ],
};

async function attempt(peer: SmtpPeer, change: Partial<RelayLogin>): Promise<string> {
  const session = await open(peer, change, SHORT);
  if (!session.ok) return summary(session.error);
  const ending = await session.value.send(mail("a@peer.test"), nothing, ignore);
  await session.value.quit();
  return summary(ending);
}

it.concurrent.for(Object.entries(STRIPPING))(
  "sends nothing in clear when TLS is required and %s",
  async ([, [script, required]]) => {
    await withPeer({ ...script, auth: ["PLAIN", "LOGIN"] }, async (peer) => {
      const ending = await attempt(peer, { tls: "starttls", ...credentials });
      expect(ending).toBe(`unusable ${required}`);
      const log = await peer.log();
      const verbs = new Set(log.lines.map(({ text }) => text.split(" ")[0]));
      for (const secret of ["MAIL", "RCPT", "DATA", "AUTH"]) expect(verbs).not.toContain(secret);
      expect(log.messages).toEqual([]);
    });
  },
);

it.concurrent.for(Object.entries(STRIPPING))(
  "uses TLS only if it is offered in mode none and %s",
  async ([, [script, , optional]]) => {
    await withPeer(script, async (peer) => {
      expect(await attempt(peer, { tls: "none" })).toBe(optional);
    });
  },
);

it.concurrent.for(["other-ca", "self-signed", "wrong-host", "expired"] as const)(
  "does not speak over implicit TLS to a certificate that is %s",
  async (certificate) => {
    await withPeer({ implicitTls: true, certificate }, async (peer) => {
      expect(await attempt(peer, { tls: "implicit", ...credentials })).toBe("unusable connect -");
      expect((await peer.log()).lines).toEqual([]);
    });
  },
);

it.concurrent.for(["none", "starttls"] as const)(
  "never logs in in clear in mode %s, even if the relay offers it",
  async (tls) => {
    await withPeer({ auth: ["PLAIN", "LOGIN"] }, async (peer) => {
      const ending = await attempt(peer, { tls, ...credentials });
      expect(ending).toBe(tls === "none" ? "unusable auth -" : "unusable starttls -");
      const log = await peer.log();
      expect(log.lines.map(({ text }) => text)).toEqual(["EHLO client.edgepost.test"]);
    });
  },
);

it("logs in in clear only where that is allowed: PLAIN first, else LOGIN", async () => {
  for (const auth of [["LOGIN", "PLAIN"], ["LOGIN"]]) {
    await withPeer({ auth, credentials }, async (peer) => {
      const change = { ...credentials, allowCleartextAuth: true };
      expect(await attempt(peer, change)).toBe("accepted 250");
      const said = (await peer.log()).lines[1]?.text ?? "";
      expect(said.split(" ")[1]).toBe(auth.length === 2 ? "PLAIN" : "LOGIN");
    });
  }
});

it.concurrent.for([
  ["no mechanism that we know", ["CRAM-MD5"], {}, "unusable auth -"],
  ["no AUTH at all", undefined, {}, "unusable auth -"],
  ["a wrong password", ["PLAIN"], { password: "wrong" }, "unusable auth 535"],
  ["a wrong password by LOGIN", ["LOGIN"], { password: "wrong" }, "unusable auth 535"],
  ["a NUL in the password", ["PLAIN"], { password: "a\0b" }, "unusable auth -"],
] as const)("finds the relay unusable with %s", async ([, auth, change, expected]) => {
  await withPeer({ ...(auth ? { auth } : {}), credentials }, async (peer) => {
    const login = { ...credentials, allowCleartextAuth: true, ...change };
    expect(await attempt(peer, login)).toBe(expected);
    expect((await peer.log()).lines.some(({ text }) => text.startsWith("MAIL"))).toBe(false);
  });
});

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

it("keeps credentials out of the ending when the relay repeats them", async () => {
  const told = `${base64(`\0${USER}\0${PASSWORD}`)} ${base64(PASSWORD)} ${PASSWORD}`;
  const rules = [{ at: "auth", do: { reply: `535 5.7.8 did not like ${told}` } }] as const;
  await withPeer({ auth: ["PLAIN"], rules }, async (peer) => {
    const session = await open(peer, { ...credentials, allowCleartextAuth: true });
    const text = JSON.stringify(session);
    expect(text).toContain("did not like [redacted] [redacted] [redacted]");
    expect(text).not.toContain(PASSWORD);
  });
});

// Needs a workerd that trusts the peers' CA: vitest.config.ts calls trustTestPeers() first.
const trusted = it.runIf(inject("peersTrusted"));

trusted("says EHLO again after STARTTLS, logs in and sends, all protected", async () => {
  const script = { starttls: true, auth: ["PLAIN"], credentials };
  await withPeer(script, async (peer) => {
    const session = await opened(peer, { tls: "starttls", ...credentials });
    const ending = await session.send(mail("a@peer.test"), () => "quit", ignore);
    expect(ending).toMatchObject({ kind: "accepted", tls: true });
    const log = await peer.log();
    expect(
      log.lines.map(({ tls, text }) => `${tls ? "tls" : "clear"} ${text.slice(0, 10)}`),
    ).toEqual([
      "clear EHLO clien",
      "clear STARTTLS",
      "tls EHLO clien",
      "tls AUTH PLAIN",
      "tls MAIL FROM:",
      "tls RCPT TO:<a",
      "tls DATA",
      "tls QUIT",
    ]);
  });
});

trusted("uses STARTTLS in mode none when it is offered", async () => {
  await withPeer({ starttls: true }, async (peer) => {
    expect(await attempt(peer, { tls: "none" })).toBe("accepted 250");
    expect((await peer.log()).messages.map(({ tls }) => tls)).toEqual([true]);
  });
});

trusted("drops what was said in clear behind the 220 to STARTTLS", async () => {
  const injected = "220 go\r\n250-evil\r\n250 AUTH PLAIN";
  const script = starttls({ reply: injected });
  await withPeer(script, async (peer) => {
    expect(await attempt(peer, { tls: "starttls" })).toBe("accepted 250");
    expect((await peer.log()).messages.map(({ tls }) => tls)).toEqual([true]);
  });
});

trusted("speaks implicit TLS from the first byte", async () => {
  const script = { implicitTls: true, auth: ["LOGIN"], credentials };
  await withPeer(script, async (peer) => {
    expect(await attempt(peer, { tls: "implicit", ...credentials })).toBe("accepted 250");
    expect((await peer.log()).connections.map(({ plainBytes }) => plainBytes)).toEqual([0]);
  });
});
