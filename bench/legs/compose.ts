// Goal 7: one template for 1,000 recipients, made and signed (RSA-2048) by us in workerd and by nodemailer's
// MailComposer and DKIM in Node, in turns; and bare WebCrypto signatures in the same workerd. Wall time.
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dkimVerify } from "mailauth";
import PostalMime from "postal-mime";
import * as z from "zod";
import { runWrangler } from "../../dev/wrangler.ts";
import { makeKeyPair } from "../../src/lib/key-pair.ts";
import { dkimRecord } from "../../src/model/dkim-key.ts";
import { rounded, spread } from "../figures.ts";
import { freePort } from "../../test/peers/free-port.ts";
import { type Ground, type Stage, startStage } from "../ground.ts";
import type { Figure, Leg, LegResult } from "../leg.ts";
import { textOf } from "../load.ts";
import { composeAll } from "../nodemailer.ts";

const ROUNDS = 5;
const RECIPIENTS = 1_000;
/** Our builds are so quick that one turn takes several times the recipients. */
const OUR_TURNS = 5;
const DOMAIN = "bench.example.com";
const SELECTOR = "bench";

const TEXT = textOf("Dear {{name}},", 1_024);
const HTML = `<html><body><p>Dear {{name}},</p>${"<p>The quick brown fox jumps over the lazy dog.</p>\r\n".repeat(60)}</body></html>`;
const SUBJECT = "{{name}}, your order";

export const compose: Leg = { name: "compose", goal: 7, goals: [7], run };

const WAYS = {
  ours: { path: "/built", turns: OUR_TURNS },
  theirs: { path: null, turns: 1, kind: "built" },
  oursSigned: { path: "/signed", turns: 1 },
  theirsSigned: { path: null, turns: 1, kind: "signed" },
  raw: { path: "/raw", turns: 1 },
} as const;
type Way = keyof typeof WAYS;
/** Microseconds a message. */
type Round = Readonly<Record<Way, number>>;
type Key = Awaited<ReturnType<typeof makeKeyPair>>;

async function run(ground: Ground, line: (content: object) => void): Promise<LegResult> {
  const scratch = mkdtempSync(join(tmpdir(), "edgepost-bench-compose-"));
  try {
    const entry = join("bench", "worker", "compose.ts");
    await runWrangler(["deploy", entry, "--dry-run", "--outdir", scratch], scratch);
    const build = { bundle: join(scratch, "compose.js") };
    const setting = { build, relayPort: await freePort(), consumers: false, bare: false };
    const stage = await startStage(ground, setting);
    try {
      return await measure(stage, await makeKeyPair("rsa-sha256"), line);
    } finally {
      await stage.stop();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function measure(
  stage: Stage,
  key: Key,
  line: (content: object) => void,
): Promise<LegResult> {
  const each = async (way: Way): Promise<number> => {
    const messages = RECIPIENTS * WAYS[way].turns;
    const start = performance.now();
    await make(stage, key, way, messages);
    return ((performance.now() - start) * 1000) / messages;
  };
  const gate = await agree(stage, key);
  const rounds: Round[] = [];
  for (let n = 1; n <= ROUNDS; n++) {
    const round = {
      theirs: await each("theirs"),
      ours: await each("ours"),
      theirsSigned: await each("theirsSigned"),
      oursSigned: await each("oursSigned"),
      raw: await each("raw"),
    };
    rounds.push(round);
    const told = Object.entries(round).map(([way, us]) => [`${way}_us`, rounded(us, 1)] as const);
    line({ round: n, ...Object.fromEntries(told) });
  }
  line({ gate: "same subject, text and HTML; both signatures verify (mailauth)", ok: gate });
  return result(rounds, gate);
}

const madeSchema = z.object({ made: z.number(), last: z.string() });

/** Has so many made; the last of them. */
async function make(stage: Stage, key: Key, way: Way, messages: number): Promise<Buffer> {
  const texts = { subject: SUBJECT, text: TEXT, html: HTML, domain: DOMAIN, selector: SELECTOR };
  const how = WAYS[way];
  if (how.path === null) {
    return composeAll({ ...texts, pem: pemOf(key) }, how.kind, messages);
  }
  const body = JSON.stringify({ ...texts, messages, key: key.privateKey });
  const response = await fetch(new URL(how.path, stage.url), { method: "POST", body });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${way}: ${response.status} ${answer.slice(0, 300)}`);
  const { made, last } = madeSchema.parse(JSON.parse(answer));
  if (made !== messages) throw new Error(`${way}: ${made} of ${messages} were made`);
  return Buffer.from(last, "base64");
}

function pemOf({ privateKey }: Key): string {
  const key = Buffer.from(privateKey, "base64");
  const exported = createPrivateKey({ key, format: "der", type: "pkcs8" });
  return exported.export({ format: "pem", type: "pkcs8" }).toString();
}

/** Whether both make the same message of the template, and a verifier takes both signatures. */
async function agree(stage: Stage, key: Key): Promise<boolean> {
  const seen: string[] = [];
  for (const way of ["ours", "theirs", "oursSigned", "theirsSigned"] as const) {
    const mail = await make(stage, key, way, 1);
    const { subject, text, html } = await PostalMime.parse(mail);
    seen.push(JSON.stringify([subject, text?.trim(), html?.trim()]));
    if (way === "oursSigned" || way === "theirsSigned") {
      if (!(await verifies(mail, key))) return false;
    }
  }
  return new Set(seen).size === 1;
}

async function verifies(mail: Buffer, { publicKey }: Key): Promise<boolean> {
  const record = dkimRecord({ algorithm: "rsa-sha256", publicKey });
  const { results } = await dkimVerify(mail, { resolver: async () => [[record]] });
  return results.length === 1 && results[0]?.status.result === "pass";
}

function result(rounds: readonly Round[], gate: boolean): LegResult {
  const failed = gate ? "" : "; GATE FAILED";
  const us = (way: Way): string => spread(rounds.map((round) => round[way])).median.toFixed(0);
  const n = `${ROUNDS} × ${RECIPIENTS} messages`;
  const faster = (
    what: string,
    [theirs, ours]: readonly [Way, Way],
    [good, moonshot]: readonly [number, number],
  ): Figure & { readonly ratio: ReturnType<typeof spread> } => {
    const ratio = spread(rounds.map((round) => round[theirs] / round[ours]));
    const level = ratio.median >= moonshot ? `moonshot (≥ ${moonshot})` : `good (≥ ${good})`;
    return {
      ratio,
      number: "7",
      what,
      measured: `${ratio.median.toFixed(2)} (${us(theirs)} µs ÷ ${us(ours)} µs)`,
      range: `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
      n,
      verdict: `${ratio.median >= good ? level : `below ${good}`}${failed}`,
    };
  };
  const template = "one template for 1,000 recipients, 4 KB, theirs in Node";
  const built = faster(`nodemailer MailComposer ÷ ours, ${template}`, ["theirs", "ours"], [5, 50]);
  const signed = faster(
    `the same with DKIM (RSA-2048)`,
    ["theirsSigned", "oursSigned"],
    [1.5, Infinity],
  );
  const overRaw = spread(rounds.map((round) => round.oursSigned / round.raw));
  const { median, min, max } = built.ratio;
  const [ratio, least, most] = [rounded(median, 3), rounded(min, 3), rounded(max, 3)];
  return {
    end: { goal: compose.goal, ratio, min: least, max: most, rounds: ROUNDS, gate },
    figures: [
      built,
      signed,
      {
        number: "7",
        what: "made and signed ÷ one bare WebCrypto signature",
        measured: `${overRaw.median.toFixed(2)} (${us("oursSigned")} µs ÷ ${us("raw")} µs)`,
        range: `${overRaw.min.toFixed(2)}–${overRaw.max.toFixed(2)}`,
        n,
        verdict: overRaw.median <= 1.1 ? "moonshot (≤ 1.1)" : "above 1.1 (moonshot)",
      },
    ],
  };
}
