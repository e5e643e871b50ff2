// Messages a second over SMTP: clients, gateway process and Worker on loopback, beside the same messages
// posted straight to the Worker's ingest. Nothing is delivered: nobody listens to the delivery queue.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGatewayProcess } from "../../test/node/gateway/gateway-process.ts";
import { GATEWAY_SECRET } from "../../test/node/gateway-secret.ts";
import { processCpuMs } from "../cpu.ts";
import { rounded, spread } from "../figures.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Leg, LegResult } from "../leg.ts";
import { drive, textOf } from "../load.ts";
import { submitAll } from "../smtp-client.ts";
import { everyAnswerHasItsRow } from "../stored.ts";

const CLIENTS = 20;
const TEXT_CHARACTERS = 4_096;
const ROUNDS = 5;
const ROUND_MS = 10_000;
const WARM_UP_MS = 2_000;

/** Nobody listens here: the Worker needs a relay in its settings and does not call it. */
const NO_RELAY_PORT = 1025;

export const gateway: Leg = { name: "gateway", goal: "gateway", goals: ["gateway"], run };

type Round = {
  readonly smtp: number;
  readonly direct: number;
  /** CPU milliseconds of the gateway for each message; null where they cannot be read. */
  readonly gatewayCpu: number | null;
  readonly workerCpu: number | null;
};

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const setting = { build: "production", relayPort: NO_RELAY_PORT } as const;
  const stage = await startStage(ground, { ...setting, consumers: false, bare: false });
  const folder = mkdtempSync(join(tmpdir(), "edgepost-bench-gateway-"));
  const tenants = { "*": { worker_url: stage.url, secret: GATEWAY_SECRET } };
  writeFileSync(join(folder, "tenants.json"), JSON.stringify(tenants));
  try {
    const program = await startGatewayProcess({
      TENANTS_FILE: join(folder, "tenants.json"),
      HOST: "127.0.0.1",
      SMTP_PORT: "0",
      STATUS_PORT: "off",
      ALLOW_CLEARTEXT_AUTH: "true",
      STOP_SECONDS: "1",
    });
    try {
      return await measure({ ground, stage, port: program.smtpPort, pid: program.pid }, line);
    } finally {
      program.signal("SIGTERM");
      await program.ended;
    }
  } finally {
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Everything of the leg that runs. */
type Scene = {
  readonly ground: Ground;
  readonly stage: Stage;
  readonly port: number;
  readonly pid: number;
};

async function measure(scene: Scene, line: (content: object) => void): Promise<LegResult> {
  const { stage, pid } = scene;
  const accepted: string[] = [];
  const refused: string[] = [];
  const [smtp, direct] = [overSmtp(scene, accepted, refused), straight(scene, accepted, refused)];
  await direct(WARM_UP_MS);
  await smtp(WARM_UP_MS);
  const rounds: Round[] = [];
  for (let n = 1; n <= ROUNDS; n++) {
    const directRate = await direct(ROUND_MS);
    const [before, own, worker] = [accepted.length, await processCpuMs(pid), await stage.cpuMs()];
    const smtpRate = await smtp(ROUND_MS);
    const messages = accepted.length - before;
    const each = (from: number | null, to: number | null): number | null =>
      from === null || to === null ? null : rounded((to - from) / messages, 2);
    const round = {
      smtp: smtpRate,
      direct: directRate,
      gatewayCpu: each(own, await processCpuMs(pid)),
      workerCpu: each(worker, await stage.cpuMs()),
    };
    rounds.push(round);
    line({
      round: n,
      smtp_per_s: Math.round(smtpRate),
      direct_per_s: Math.round(directRate),
      ratio: rounded(smtpRate / directRate, 3),
      gateway_cpu_ms_per_email: round.gatewayCpu,
      workerd_cpu_ms_per_email: round.workerCpu,
    });
  }
  const gate = await everyAnswerHasItsRow(stage, accepted);
  line({
    gate: "every 250 and 200 has its message, content and delivery, and nothing else has one",
    ...gate,
    refused: refused.slice(0, 5),
  });
  return result(rounds, gate.ok && refused.length === 0, accepted.length);
}

function result(rounds: readonly Round[], gate: boolean, accepted: number): LegResult {
  const ratio = spread(rounds.map((round) => round.smtp / round.direct));
  const rate = spread(rounds.map((round) => round.smtp));
  const direct = spread(rounds.map((round) => round.direct));
  const n = `${rounds.length} × 10 s, ${accepted} messages`;
  const failed = gate ? "" : "; GATE FAILED";
  const range = (least: number, most: number, digits: number) =>
    `${least.toFixed(digits)}–${most.toFixed(digits)}`;
  const cpu = rounds.flatMap(({ gatewayCpu, workerCpu }) =>
    gatewayCpu === null || workerCpu === null ? [] : [{ gatewayCpu, workerCpu }],
  );
  const own = cpu.length === 0 ? null : spread(cpu.map((one) => one.gatewayCpu));
  const theirs = cpu.length === 0 ? null : spread(cpu.map((one) => one.workerCpu));
  return {
    end: {
      goal: gateway.goal,
      ratio: rounded(ratio.median, 3),
      min: rounded(ratio.min, 3),
      max: rounded(ratio.max, 3),
      rounds: rounds.length,
      gate,
    },
    figures: [
      {
        number: "gateway",
        what: `messages/s over SMTP (4 KB, ${CLIENTS} sessions) through gateway and Worker ÷ the same posted to the Worker, no proxy`,
        measured: `${ratio.median.toFixed(2)} (${Math.round(rate.median)}/s ÷ ${Math.round(direct.median)}/s)`,
        range: range(ratio.min, ratio.max, 2),
        n,
        verdict: `no goal${failed}`,
      },
      {
        number: "gateway",
        what: "CPU ms per message, gateway's own (workerd's beside it)",
        measured:
          own && theirs ? `${own.median.toFixed(2)} (${theirs.median.toFixed(2)})` : "unknown",
        range: own ? range(own.min, own.max, 2) : "",
        n,
        verdict: `a count${failed}`,
      },
    ],
  };
}

type Drive = (ms: number) => Promise<number>;

const FROM = "sender@edgepost.test";
let sent = 0;

/** A message that no other has the Message-ID of. */
function nextMail(): { readonly to: string; readonly content: string } {
  sent += 1;
  const head = `From: ${FROM}\r\nTo: reader${sent}@example.com\r\nSubject: Your order\r\nMessage-ID: <order-${sent}@bench.test>\r\n`;
  return { to: `reader${sent}@example.com`, content: `${head}\r\n${TEXT}\r\n` };
}

const TEXT = textOf("Hello", TEXT_CHARACTERS);

/** Messages a second through the gateway. */
function overSmtp({ ground, port }: Scene, accepted: string[], refused: string[]): Drive {
  return async (ms) => {
    const [start, before] = [performance.now(), accepted.length];
    const next = () => (performance.now() - start < ms ? { from: FROM, ...nextMail() } : null);
    const onReply = (reply: string): void => {
      const id = /^250 2\.0\.0 Ok: queued as (\S+)$/.exec(reply)?.[1];
      if (id === undefined) refused.push(reply);
      else accepted.push(id);
    };
    const submitter = { port, ...ground.smtp };
    await Promise.all(Array.from({ length: CLIENTS }, () => submitAll(submitter, next, onReply)));
    return ((accepted.length - before) * 1000) / (performance.now() - start);
  };
}

/** Messages a second straight to the Worker's ingest, as the gateway posts them. */
function straight({ ground, stage }: Scene, accepted: string[], refused: string[]): Drive {
  const credential = ground.smtp.username.split("@", 1)[0] ?? "";
  return async (ms) => {
    const [start, before] = [performance.now(), accepted.length];
    const load = await drive({
      url: stage.url,
      clients: CLIENTS,
      next() {
        if (performance.now() - start >= ms) return null;
        const { to, content } = nextMail();
        const headers = {
          authorization: `Bearer ${GATEWAY_SECRET}`,
          "content-type": "message/rfc822",
          "x-credential-id": credential,
          "x-envelope-from": FROM,
          "x-envelope-to": to,
          "x-peer-ip": "127.0.0.1",
          "x-tls": "false",
        };
        return { method: "POST", path: "/internal/smtp/ingest", headers, body: content };
      },
      onAnswer({ status, messageId, body }) {
        if (status === 200 && messageId !== null) accepted.push(messageId);
        else refused.push(`${status} ${body.slice(0, 200)}`);
      },
    });
    return ((accepted.length - before) * 1000) / load.ms;
  };
}
