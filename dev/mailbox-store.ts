// The messages and webhooks that the local mailbox has received: bounded, on disk, so that a restart
// keeps them. A message is two files, <id>.eml with the exact bytes and <id>.json with the envelope.
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { uuidv7 } from "../src/lib/id.ts";
import { readIfPresent, writeWhole } from "./files.ts";

const envelopeSchema = z.object({
  id: z.string(),
  at: z.string(),
  mail_from: z.string(),
  rcpt_to: z.array(z.string()),
  subject: z.string(),
  size: z.number(),
});

/** What the list shows of a message; `at` is ISO 8601, `mail_from` "" for the null path. */
export type Envelope = z.infer<typeof envelopeSchema>;

const hookSchema = z.object({
  id: z.string(),
  at: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  verified: z.boolean(),
});

/** A webhook as it was received; `body` is the exact text. */
export type Hook = z.infer<typeof hookSchema>;

/** More than a person looks at, little enough for a laptop's disk. */
const LIMITS = { messages: 1_000, bytes: 1_000_000_000, hooks: 1_000, deferrals: 10_000 } as const;

/** The mailbox's memory. */
export type MailboxStore = {
  /** Newest first. */
  readonly messages: () => readonly Envelope[];
  readonly raw: (id: string) => Promise<Buffer | null>;
  readonly add: (mail: Omit<Envelope, "id" | "at" | "size">, raw: Buffer) => Promise<Envelope>;
  readonly clear: () => Promise<void>;
  /** Newest first. */
  readonly hooks: () => readonly Hook[];
  readonly addHook: (hook: Omit<Hook, "id" | "at">) => Promise<Hook>;
  readonly clearHooks: () => Promise<void>;
  /** True the first time it is asked about a key, and false from then on. */
  readonly isFirst: (key: string) => Promise<boolean>;
  /** Calls back after every change; returns how to stop. */
  readonly watch: (listener: () => void) => () => void;
};

/** Opens the mailbox in a folder, with what it held when it was last closed. */
export async function openMailboxStore(folder: string): Promise<MailboxStore> {
  await mkdir(folder, { recursive: true });
  let envelopes = await loadEnvelopes(folder);
  let hooks = await loadHooks(folder);
  const deferrals = await loadLines(join(folder, "deferred.txt"));
  const listeners = new Set<() => void>();
  const changed = (): void => listeners.forEach((listener) => listener());
  const path = (id: string, kind: "eml" | "json"): string => join(folder, `${id}.${kind}`);
  const remove = async (id: string): Promise<void> => {
    await rm(path(id, "json"), { force: true });
    await rm(path(id, "eml"), { force: true });
  };
  return {
    messages: () => envelopes,
    raw: async (id) => (envelopes.some((one) => one.id === id) ? readFile(path(id, "eml")) : null),
    add: async (mail, raw) => {
      const now = Date.now();
      const at = new Date(now).toISOString();
      const envelope = { id: uuidv7(now), at, ...mail, size: raw.length };
      await writeFile(path(envelope.id, "eml"), raw, { mode: 0o600 });
      await writeFile(path(envelope.id, "json"), JSON.stringify(envelope), { mode: 0o600 });
      const all = [envelope, ...envelopes];
      envelopes = withinLimits(all);
      changed();
      await Promise.all(all.slice(envelopes.length).map((old) => remove(old.id)));
      return envelope;
    },
    clear: async () => {
      const old = envelopes;
      envelopes = [];
      changed();
      await Promise.all(old.map((envelope) => remove(envelope.id)));
    },
    hooks: () => hooks,
    addHook: async (received) => {
      const now = Date.now();
      const hook = { id: uuidv7(now), at: new Date(now).toISOString(), ...received };
      hooks = [hook, ...hooks].slice(0, LIMITS.hooks);
      changed();
      await appendFile(join(folder, "hooks.jsonl"), `${JSON.stringify(hook)}\n`, { mode: 0o600 });
      return hook;
    },
    clearHooks: async () => {
      hooks = [];
      changed();
      await rm(join(folder, "hooks.jsonl"), { force: true });
    },
    isFirst: async (key) => {
      if (deferrals.has(key)) return false;
      deferrals.add(key);
      await appendFile(join(folder, "deferred.txt"), `${key}\n`, { mode: 0o600 });
      return true;
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function withinLimits(newestFirst: readonly Envelope[]): readonly Envelope[] {
  let bytes = 0;
  return newestFirst.filter((envelope, index) => {
    bytes += envelope.size;
    return index === 0 || (index < LIMITS.messages && bytes <= LIMITS.bytes);
  });
}

async function loadEnvelopes(folder: string): Promise<readonly Envelope[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  const loaded = await Promise.all(
    names.map(async (name) =>
      parseLine(envelopeSchema, await readFile(join(folder, name), "utf8")),
    ),
  );
  return loaded.filter((envelope) => envelope !== null).sort((a, b) => (a.id < b.id ? 1 : -1));
}

/** Reads the webhooks and rewrites their file, so that it does not grow for ever. */
async function loadHooks(folder: string): Promise<readonly Hook[]> {
  const path = join(folder, "hooks.jsonl");
  const lines = ((await readIfPresent(path)) ?? "").split("\n");
  const hooks = lines.map((line) => parseLine(hookSchema, line)).filter((hook) => hook !== null);
  const kept = hooks.slice(-LIMITS.hooks);
  if (lines.length > LIMITS.hooks) {
    await writeWhole(path, kept.map((hook) => `${JSON.stringify(hook)}\n`).join(""));
  }
  return kept.toReversed();
}

async function loadLines(path: string): Promise<Set<string>> {
  const lines = ((await readIfPresent(path)) ?? "").split("\n").filter((line) => line !== "");
  const kept = lines.slice(-LIMITS.deferrals);
  if (lines.length > kept.length) await writeWhole(path, `${kept.join("\n")}\n`);
  return new Set(kept);
}

/** A line that a crash cut short is nothing. */
function parseLine<T>(schema: z.ZodType<T>, line: string): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
