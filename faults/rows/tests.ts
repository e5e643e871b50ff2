// Rows that their tests play whole, in workerd or against real processes: the harness runs those tests and counts.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { ROOT } from "../../dev/bootstrap.js";
import { NOTHING } from "../account.ts";
import type { Row } from "../row.ts";
import { unless } from "../scene.ts";

/** The slowest of them, the storm at the gateway, takes a minute. */
const DEADLINE_MS = 600_000;

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(
    z.object({
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

type Played = Pick<Row, "id" | "fault" | "slow"> & { readonly files: readonly string[] };

/** A row that is played by these test files. */
function played({ files, ...row }: Played): Row {
  return {
    ...row,
    async run() {
      const report = await runTests(files);
      const failed = report.testResults
        .flatMap(({ assertionResults }) => assertionResults)
        .filter(({ status }) => status === "failed")
        .map(({ fullName }) => fullName);
      return {
        n: `${report.numPassedTests + report.numFailedTests} cases`,
        figures: `${report.numPassedTests} held`,
        breaches: [...failed, ...unless(report.numPassedTests > 0, "no case ran")],
        account: NOTHING,
        kills: 0,
        recovery: [],
      };
    },
  };
}

async function runTests(files: readonly string[]): Promise<z.infer<typeof reportSchema>> {
  const folder = await mkdtemp(join(tmpdir(), "edgepost-faults-tests-"));
  const file = join(folder, "report.json");
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const report = ["--reporter=json", `--outputFile=${file}`];
  const child = spawn(process.execPath, [vitest, "run", ...files, ...report], {
    cwd: ROOT,
    stdio: "ignore",
    timeout: DEADLINE_MS,
  });
  await new Promise((resolve) => child.once("close", resolve));
  const text = await readFile(file, "utf8").catch(() => null);
  await rm(folder, { recursive: true, force: true });
  if (text === null) throw new Error(`the tests did not end: ${files.join(", ")}`);
  return reportSchema.parse(JSON.parse(text));
}

export const gatewayStorm = played({
  id: "F03",
  fault: "the SMTP gateway is killed again and again, and its clients try again",
  slow: true,
  files: ["test/node/gateway/kill-storm.test.ts"],
});
export const smtpSteps = played({
  id: "F12",
  fault: "the relay fails at each step of SMTP, in ten ways",
  files: ["test/deliver/smtp/faults.test.ts"],
});
export const replyEdges = played({
  id: "F13",
  fault: "replies in pieces, malformed, early, doubled",
  files: ["test/deliver/smtp/reply-edges.test.ts"],
});
export const d1Statements = played({
  id: "F09a",
  fault: "D1 fails at each statement of accept and of a run, before and after its commit",
  slow: true,
  files: [
    "test/accept/faults.test.ts",
    "test/queue/faults.test.ts",
    "test/queue/purge-faults.test.ts",
  ],
});
export const inboundStorm = played({
  id: "F26",
  fault: "inbound mail by the thousand, malformed, and while D1 fails",
  slow: true,
  files: ["test/inbound/mail.test.ts"],
});
export const restore = played({
  id: "F27",
  fault: "the database is put back as it was",
  slow: true,
  files: ["test/node/faults/restore.test.ts", "test/queue/hold.test.ts"],
});
