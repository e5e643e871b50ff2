// F12: every step of a session meets every fault, over real sockets. What must hold in each cell: the
// right ending, reached by its deadline, and no message that the table does not know of.
import { describe, expect, it } from "vitest";

import type { RelayLogin } from "../../../src/deliver/smtp/transaction.ts";
import type {
  PeerAction,
  PeerConnection,
  PeerRule,
  PeerStep,
  SmtpScript,
} from "../../peers/script.ts";
import { SHORT, ignore, mail, nothing, open, summary, withPeer } from "./session-cases.ts";

const FAULTS = {
  close: { drop: "close" },
  // Late enough that the reset is not taken for a refused connection.
  rst: { drop: "rst", delay: 100 },
  "4xx": { reply: "451 4.3.0 try later" },
  "5xx": { reply: "554 5.7.1 go away" },
  "421 and close": { reply: "421 4.3.2 closing", after: "close" },
  stall: { drop: "stall" },
  "1 byte per second": { reply: "250 2.0.0 Ok", pieces: { bytes: 1, every: 1_000 } },
  "64 KB reply": { reply: `250 ${"x".repeat(70_000)}` },
  "malformed multi-line": { reply: "250-first\r\n251 second" },
  "binary and NUL": { reply: "\u0000\u0001\u0016\u0003\u00ff\u00fe\u0000", latin1: true },
} satisfies Record<string, PeerAction>;

type Fault = keyof typeof FAULTS;
type Outcome = Readonly<Record<Fault, string>>;
type Row = {
  readonly at: readonly PeerStep[];
  readonly script?: SmtpScript;
  readonly login?: Partial<RelayLogin>;
  readonly expected: Outcome;
};

/** The same ending for every fault that is no well-formed refusal. */
function row(lost: string, refused: Pick<Outcome, "4xx" | "5xx" | "421 and close">): Outcome {
  return {
    close: lost,
    rst: lost,
    stall: lost,
    "1 byte per second": lost,
    "64 KB reply": lost,
    "malformed multi-line": lost,
    "binary and NUL": lost,
    ...refused,
  };
}

const unusable = (step: string): Outcome =>
  row(`unusable ${step} -`, {
    "4xx": `unusable ${step} 451`,
    "5xx": `unusable ${step} 554`,
    "421 and close": `unusable ${step} 421`,
  });

const transaction = (step: string, lost: string): Outcome =>
  row(lost, {
    "4xx": `refused ${step} 451 4.3.0`,
    "5xx": `refused ${step} 554 5.7.1`,
    "421 and close": `refused ${step} 421 4.3.2`,
  });

const login = { username: "user", password: "secret", allowCleartextAuth: true } as const;
const ROWS: Readonly<Record<string, Row>> = {
  // With implicit TLS there is no reply to judge: whatever is no handshake is no connection.
  connect: {
    at: ["connect"],
    script: { implicitTls: true },
    login: { tls: "implicit" },
    expected: row("unusable connect -", {
      "4xx": "unusable connect -",
      "5xx": "unusable connect -",
      "421 and close": "unusable connect -",
    }),
  },
  banner: { at: ["banner"], expected: unusable("greeting") },
  EHLO: { at: ["ehlo", "helo"], expected: unusable("ehlo") },
  STARTTLS: {
    at: ["starttls"],
    script: { starttls: true },
    login: { tls: "starttls" },
    expected: unusable("starttls"),
  },
  AUTH: { at: ["auth"], script: { auth: ["PLAIN"] }, login, expected: unusable("auth") },
  MAIL: { at: ["mail"], expected: transaction("mail", "broken mail") },
  RCPT: { at: ["rcpt"], expected: transaction("rcpt", "broken rcpt") },
  DATA: { at: ["data"], expected: transaction("data", "broken data") },
  dot: { at: ["dot"], expected: transaction("content", "broken content ambiguous") },
};

const FAULT_NAMES = Object.keys(FAULTS).filter((name): name is Fault => name in FAULTS);
// Waits that do not add up (one fault per cell) and a busy machine.
const SLACK_MS = 3_000;

function isClosed(connection: PeerConnection): boolean {
  return connection.closedAt !== null;
}

async function cell(name: string, row: Row, fault: Fault, pipelining: boolean): Promise<void> {
  const rules = row.at.map((at): PeerRule => ({ at, do: FAULTS[fault] }));
  // A connection can also be refused: that is the `close` of the step before anything is said.
  const refuse = name === "connect" && fault === "close";
  const script: SmtpScript = { ...row.script, pipelining, rules, listen: !refuse };
  await withPeer(script, async (peer) => {
    const start = Date.now();
    const session = await open(peer, row.login, SHORT);
    const ending = session.ok
      ? await session.value.send(mail("a@peer.test"), nothing, ignore)
      : session.error;
    const took = Date.now() - start;
    expect(summary(ending)).toBe(row.expected[fault]);
    const answered = ending.kind === "refused" && ending.reply.code !== 421;
    expect(session.ok && session.value.usable).toBe(answered);
    expect(took).toBeLessThan(Math.max(SHORT.content, SHORT.command) + SLACK_MS);
    if (session.ok) await session.value.quit();
    // The platform lets go of a socket that never connected only after some 20 s.
    const lingers = name === "connect" && fault !== "rst";
    const log = await peer.until((seen) => lingers || seen.connections.every(isClosed));
    if (!lingers) expect(log.connections.filter((one) => !isClosed(one))).toEqual([]);
    expect(log.messages).toHaveLength(name === "dot" ? 1 : 0);
    const begun = log.lines.some(({ text }) => text.startsWith("MAIL"));
    expect(begun).toBe(ending.kind !== "unusable");
  });
}

describe.for([true, false])("with PIPELINING %s", (pipelining) => {
  it.concurrent.for(Object.entries(ROWS))("survives each fault at %s", async ([name, row]) => {
    expect(FAULT_NAMES).toHaveLength(10);
    await Promise.all(FAULT_NAMES.map((fault) => cell(name, row, fault, pipelining)));
  });
});

function neverSettles(): void {
  // A socket that hangs.
}

it("does not wait for a platform that never connects", async () => {
  let closed = 0;
  const session = await open({ port: 9 }, {}, SHORT, () => ({
    readable: new ReadableStream<Uint8Array>(),
    writable: new WritableStream<Uint8Array>(),
    opened: new Promise<never>(neverSettles),
    closed: new Promise<never>(neverSettles),
    startTls: () => {
      throw new Error("not connected");
    },
    close: () => void (closed += 1),
  }));
  expect(session.ok ? "open" : session.error).toEqual({
    kind: "unusable",
    step: "connect",
    reply: null,
    reason: "timed out after 2 s",
  });
  expect(closed).toBe(1);
});

it("takes an address that the platform refuses to dial for an unusable relay", async () => {
  const session = await open({ port: 9 }, {}, SHORT, () => {
    throw new TypeError("Specified address could not be parsed");
  });
  expect(session.ok ? "open" : session.error).toMatchObject({ step: "connect", reply: null });
});
