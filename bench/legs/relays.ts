// Goal 8: durable deliveries a second from the first request to the last final dot at one smtp-sink, ours (HTTP)
// beside Postfix and Haraka as relays (SMTP from smtp-source, 32 sessions) and a plain-Node stack (HTTP, SQLite WAL FULL,
// nodemailer's pool), in turns on the same disk. The local queue broker runs one batch at a time.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startPostfixRelay } from "../../test/node/compose/postfix.ts";
import { missing } from "../../test/node/support/packages.ts";
import { rounded, spread } from "../figures.ts";
import { type Ground, startStage } from "../ground.ts";
import { HARAKA_VERSION, startHaraka } from "../haraka.ts";
import type { Figure, Leg, LegResult } from "../leg.ts";
import { drive, sendOf, textOf } from "../load.ts";
import { npmPackage } from "../scratch.ts";
import { type CountingSink, smtpSource, startCountingSink } from "../smtp-peers.ts";
import { within } from "../wait.ts";

const ROUNDS = 5;
/** On a busy machine fewer rounds are begun, so that the leg ends within five minutes. */
const ROUNDS_MS = 150_000;
const MESSAGES = 4_000;
const WARM_UP_MESSAGES = 500;
const CLIENTS = 32;
const TEXT_CHARACTERS = 4_096;
const DRAIN_DEADLINE_MS = 60_000;
/** A message that comes twice comes soon after. */
const LATE_MS = 500;

/** What its documentation says for a relay that is to be fast (TUNING_README). */
const TUNED = {
  default_process_limit: "100",
  smtp_connection_cache_on_demand: "yes",
  smtp_destination_concurrency_limit: "50",
  in_flow_delay: "0",
  smtpd_client_connection_count_limit: "0",
  qmgr_message_active_limit: "40000",
} as const;

const PEERS = [
  { name: "postfix", what: "Postfix (tuned) as relay", good: 0.5, moonshot: 2 },
  { name: "haraka", what: `Haraka ${HARAKA_VERSION} as relay (nodes=2)`, good: 0.7, moonshot: 2.5 },
  { name: "node", what: "plain Node (SQLite WAL FULL, nodemailer pool)", good: 0.5, moonshot: 1.6 },
] as const;
type Name = "ours" | (typeof PEERS)[number]["name"];

/** Something that takes mail and passes it on to the sink. */
type System = { readonly feed: (messages: number) => Promise<void>; readonly stop: () => unknown };
type Round = Readonly<Record<Name, number>> & { readonly gate: boolean };

export const relays: Leg = { name: "relays", goal: 8, goals: [8], run };

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const lacking = await missing("postfix");
  if (lacking !== null) throw new Error(`skipped: ${lacking}`);
  const scratch = mkdtempSync(join(tmpdir(), "edgepost-bench-relays-"));
  const started: { readonly stop: () => unknown }[] = [];
  const keep = <T extends { readonly stop: () => unknown }>(one: T): T => {
    started.push(one);
    return one;
  };
  try {
    const installed = await npmPackage(scratch, "Haraka", HARAKA_VERSION);
    if (installed.missing !== null) throw new Error(`skipped: ${installed.missing}`);
    const sink = keep(await startCountingSink(scratch));
    const systems = {
      ours: keep(await ours(ground, sink)),
      postfix: keep(fedBySmtp(await startPostfixRelay(sink.port, TUNED))),
      haraka: keep(fedBySmtp(await startHaraka(installed.folder, scratch, sink.port))),
      node: keep(await plainNode(scratch, sink)),
    };
    return await race(systems, sink, line);
  } finally {
    for (const one of started.toReversed()) await one.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function race(
  systems: Readonly<Record<Name, System>>,
  sink: CountingSink,
  line: (content: object) => void,
): Promise<LegResult> {
  let gate = true;
  const rate = async (name: Name, messages: number): Promise<number> => {
    const [before, start] = [sink.messages(), performance.now()];
    await systems[name].feed(messages);
    await within(DRAIN_DEADLINE_MS, () => sink.messages() - before >= messages);
    const seconds = (performance.now() - start) / 1000;
    await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    gate &&= sink.messages() - before === messages;
    return messages / seconds;
  };
  for (const name of NAMES) await rate(name, WARM_UP_MESSAGES);
  const rounds: Round[] = [];
  const end = performance.now() + ROUNDS_MS;
  for (let n = 1; n <= ROUNDS && (n === 1 || performance.now() < end); n++) {
    const rates = {
      ours: await rate("ours", MESSAGES),
      postfix: await rate("postfix", MESSAGES),
      haraka: await rate("haraka", MESSAGES),
      node: await rate("node", MESSAGES),
    };
    rounds.push({ ...rates, gate });
    const told = Object.entries(rates).map(([name, each]) => [`${name}_per_s`, Math.round(each)]);
    const sentence = "the sink counts each message once";
    line({ round: n, ...Object.fromEntries(told), gate: sentence, ok: gate });
  }
  return result(rounds);
}

const NAMES = ["ours", "postfix", "haraka", "node"] as const;

async function ours(ground: Ground, sink: CountingSink): Promise<System> {
  const setting = { build: "production", relayPort: sink.port } as const;
  const stage = await startStage(ground, { ...setting, consumers: true, bare: false });
  return { feed: (messages) => post(stage.url, ground.apiKey, messages), stop: stage.stop };
}

function fedBySmtp({ port, stop }: { readonly port: number; readonly stop: () => void }): System {
  const feed = (messages: number) => smtpSource(port, messages, TEXT_CHARACTERS, CLIENTS);
  return { feed, stop };
}

async function plainNode(scratch: string, sink: CountingSink): Promise<System> {
  const program = fileURLToPath(new URL("../reference-stack.ts", import.meta.url));
  const options = ["--disable-warning=ExperimentalWarning", program];
  const given = [join(scratch, "mails.sqlite"), String(sink.port)];
  const child = spawn(process.execPath, [...options, ...given], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = (): void => void child.kill("SIGKILL");
  process.once("exit", stop);
  const ended = once(child, "close").then(() => {
    throw new Error("the plain-Node stack ended before it began");
  });
  const [said] = await Promise.race([once(child.stdout, "data"), ended]);
  ended.catch(() => undefined);
  const url = `http://127.0.0.1:${Number(String(said))}`;
  return {
    feed: (messages) => post(url, "", messages),
    stop() {
      process.off("exit", stop);
      stop();
    },
  };
}

/** Posts so many emails through 32 clients. */
async function post(url: string, apiKey: string, messages: number): Promise<void> {
  let sent = 0;
  await drive({
    url,
    clients: CLIENTS,
    next: () =>
      sent === messages
        ? null
        : sendOf({ apiKey, recipient: `reader${(sent += 1)}@example.com`, text: TEXT }),
    onAnswer({ status, body }) {
      if (status !== 200) throw new Error(`not accepted: ${status} ${body}`);
    },
  });
}

const TEXT = textOf("Your order", TEXT_CHARACTERS);

function result(rounds: readonly Round[]): LegResult {
  const gate = rounds.every((round) => round.gate);
  const failed = gate ? "" : "; GATE FAILED";
  const rate = (name: Name) => Math.round(spread(rounds.map((round) => round[name])).median);
  const ratioTo = (peer: Name) => spread(rounds.map((round) => round.ours / round[peer]));
  const figures = PEERS.map(({ name, what, good, moonshot }): Figure => {
    const ratio = ratioTo(name);
    const level = ratio.median >= moonshot ? `moonshot (≥ ${moonshot})` : `good (≥ ${good})`;
    return {
      number: "8",
      what: `durable deliveries/s, HTTP request to final dot (4 KB, ${CLIENTS} clients, no proxy) ÷ ${what}, same smtp-sink`,
      measured: `${ratio.median.toFixed(2)} (${rate("ours")}/s ÷ ${rate(name)}/s)`,
      range: `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
      n: `${rounds.length} × ${MESSAGES} messages`,
      verdict: `${ratio.median >= good ? level : `below ${good}`}${failed}`,
    };
  });
  const { median, min, max } = ratioTo("postfix");
  const [ratio, least, most] = [rounded(median, 3), rounded(min, 3), rounded(max, 3)];
  return { end: { goal: 8, ratio, min: least, max: most, rounds: rounds.length, gate }, figures };
}
