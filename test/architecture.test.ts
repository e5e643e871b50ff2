// The house rules of the design, read from the sources: nouns live twice, stages do not import stages,
// the platform stays at the rim, no import cycles.
import { describe, expect, it } from "vitest";

const SOURCES = import.meta.glob<string>("../src/**/*.ts", {
  query: "?raw",
  import: "default",
  eager: true,
});

const STAGES = [
  "accept",
  "check",
  "queue",
  "compose",
  "deliver",
  "record",
  "notify",
  "track",
  "inbound",
  // Beside notify: what the customer is told, in files.
  "export",
  "verify",
];
const CONDUCTORS = new Set([
  "accept/send.ts",
  "accept/send-batch.ts",
  "queue/consume.ts",
  "track/consume.ts",
  "inbound/receive.ts",
  "export/work.ts",
]);

/** Exceptions with their reason: parts of a conductor, and reads that speak another stage's pure words. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  // Parts of queue/consume.ts that have files of their own.
  "queue/attempt.ts": ["deliver", "record"],
  "queue/prepare.ts": ["compose"],
  "queue/relay-board.ts": ["deliver"],
  "queue/gate.ts": ["deliver"],
  "queue/room.ts": ["deliver", "record"],
  // The sweeper counts statistics each minute, and so does who reads them; it looks into DNS.
  "queue/sweep.ts": ["record", "verify"],
  // What is erased is counted before, and what was counted is erased.
  "queue/erase.ts": ["record"],
  "queue/erase-mentions.ts": ["record"],
  "accept/kasplo/stats.ts": ["record"],
  "accept/kasplo/usage.ts": ["record"],
  "accept/mailing-lists/statistics.ts": ["record"],
  // GET /v1/messages/:id/raw shows exactly what compose makes.
  "accept/kasplo/messages.ts": ["compose"],
  // /v1/events, a test event and what is told of an address are the webhook's body, word for word.
  "accept/kasplo/events.ts": ["notify"],
  "accept/kasplo/webhook-replays.ts": ["notify"],
  "accept/kasplo/webhook-test.ts": ["notify"],
  "accept/kasplo/recipient-dossier.ts": ["notify"],
  "accept/kasplo/recipient-mentions.ts": ["notify"],
  // A file of events or suppressions has them as /v1/events and /v1/suppressions tell them.
  "export/events.ts": ["notify"],
  "export/suppressions.ts": ["accept"],
  // A part of accept/send.ts: the rules judge the bytes that compose makes.
  "accept/lint.ts": ["compose"],
  // Whoever adds a domain waits for a look into DNS; a changed one counts at once.
  "accept/kasplo/domains.ts": ["check", "verify"],
  "accept/kasplo/domain-report.ts": ["verify"],
  // How late statistics are counted, so that no file ends with half an hour.
  "export/statistics.ts": ["record"],
};

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean };

const files = new Map(
  Object.entries(SOURCES).map(([path, text]) => [path.replace("../src/", ""), text]),
);

const imports: readonly Import[] = [...files].flatMap(([from, text]) =>
  [...text.matchAll(/^(?:import|export)\s+(type\s+)?[^;]*?from\s+"([^"]+)";/gms)].map((match) => ({
    from,
    to: resolve(from, match[2] ?? ""),
    typeOnly: match[1] !== undefined,
  })),
);

function resolve(from: string, target: string): string {
  if (!target.startsWith(".")) return target;
  const parts = from.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

const room = (path: string) => path.split("/")[0] ?? "";

describe("the house", () => {
  it("keeps SQL in store/", () => {
    const statements = /\b(?:select\s+[\w*(].*\bfrom|insert into|update \w+ set|delete from)\b/is;
    const strings = /`[^`]*`|"[^"\n]*"/g;
    const found = [...files]
      .filter(([path]) => room(path) !== "store")
      .filter(([, text]) => (text.match(strings) ?? []).some((literal) => statements.test(literal)))
      .map(([path]) => path);
    expect(found).toEqual([]);
  });

  it("names a noun's SQL like its model", () => {
    // webhook-job.ts is a part of the noun webhook, sender-domain-amp.ts one of sender-domain.
    const models = [...files.keys()]
      .filter((path) => room(path) === "model")
      .map((path) => path.slice("model/".length, -".ts".length));
    const known = (name: string) =>
      models.some((noun) => name === `${noun}.ts` || name.startsWith(`${noun}-`));
    const nouns = [...files.keys()]
      .filter((path) => room(path) === "store")
      .map((path) => path.slice("store/".length));
    expect(nouns.filter((name) => !known(name))).toEqual(["db.ts"]);
  });

  it("lets only conductors import stages", () => {
    const found = imports
      .filter(
        ({ typeOnly, from, to }) =>
          !typeOnly && STAGES.includes(room(from)) && STAGES.includes(room(to)),
      )
      .filter(({ from, to }) => room(from) !== room(to) && !CONDUCTORS.has(from))
      .filter(({ from, to }) => !(ALLOWED[from] ?? []).includes(room(to)))
      .map(({ from, to }) => `${from} → ${to}`);
    expect(found).toEqual([]);
  });

  it("keeps the platform at the rim", () => {
    const rim = (path: string) =>
      path === "index.ts" ||
      path === "app.ts" ||
      path.endsWith(".do.ts") ||
      path === "deliver/smtp/socket.ts";
    const found = imports
      .filter(({ from, to }) => to.startsWith("cloudflare:") && !rim(from))
      .map(({ from, to }) => `${from} → ${to}`);
    expect(found).toEqual([]);
  });

  it("has no import cycles", () => {
    const graph = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports) {
      if (!typeOnly && files.has(to)) graph.set(from, [...(graph.get(from) ?? []), to]);
    }
    expect(cycleIn(graph)).toEqual([]);
  });

  it("keeps the doors short", () => {
    expect((files.get("index.ts") ?? "").split("\n").length).toBeLessThanOrEqual(60);
  });
});

function cycleIn(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  function walk(file: string, path: readonly string[]): readonly string[] {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of graph.get(file) ?? []) {
      const cycle = walk(next, [...path, file]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file);
    return [];
  }
  return [...graph.keys()].map((file) => walk(file, [])).find((cycle) => cycle.length > 0) ?? [];
}
