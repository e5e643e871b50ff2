// The world of a crash test: the Worker in a process that can be killed, a relay and a webhook endpoint
// that survive it, a key to send with. The test owns cron, and the time that leases take to run out.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { startReceiver, type Receiver } from "../../peers/http-receiver.ts";
import { listenOnLoopback } from "../../peers/listen.ts";
import type { HttpScript, SmtpScript } from "../../peers/script.ts";
import { startPeer, type Peer } from "../../peers/smtp-peer.ts";
import { testCertificates } from "../../peers/trust.ts";
import { type Ground, miniflareOptions } from "./ground.ts";
import { type RunningWorker, type SqlValue, startWorker } from "./worker.ts";

/** queue/claims.ts: how long a lease lasts. A dead process cannot have promised more. */
const LEASE_MS = 30_000;

/** Miniflares at a time: few, because a machine may have two cores and others use them too. */
const WORLDS_AT_A_TIME = 3;

const createdWebhook = z.object({ data: z.object({ id: z.string() }) });

/** The answer to a send, as far as the tests look; null when the connection died before it. */
export type Answer = {
  readonly status: number;
  readonly id: string | null;
  readonly replayed: boolean;
} | null;

/** The answer to a MIME message. */
export type RawAnswer = { readonly status: number; readonly retryAfter: string | null };

/** A change of the Worker's code, as it was built. */
export type Edit = (code: string) => string;

/** What is particular to a world. */
export type Setting = {
  /** The crash point where the Worker stops; none by default. */
  readonly at?: string;
  readonly script?: SmtpScript;
  readonly hook?: HttpScript;
  /** Variables of the Worker beside those of every world. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly edit?: Edit | null;
};

let running = 0;
const waiting: (() => void)[] = [];

/** Runs a test in a world of its own, which ends with it; answers what it came to. At most three exist at a time. */
export async function inWorld<T>(
  ground: Ground,
  setting: Setting,
  test: (world: World) => Promise<T>,
): Promise<T> {
  if (running >= WORLDS_AT_A_TIME) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  const world = new World(ground, setting);
  try {
    await world.start();
    return await test(world);
  } finally {
    await world.stop();
    running -= 1;
    waiting.shift()?.();
  }
}

const batchSchema = z.object({ data: z.array(z.object({ message_id: z.string() })) });

/** A running world. */
export class World {
  readonly #ground: Ground;
  readonly #setting: Setting;
  readonly #state = mkdtempSync(join(tmpdir(), "edgepost-faults-world-"));
  #reached = Promise.withResolvers<string>();
  #barriers: Server | null = null;
  #barriersUrl = "";
  #peer: Peer | null = null;
  #hook: Receiver | null = null;
  #worker: RunningWorker | null = null;
  #killedAt = 0;
  /** Between a kill and the next start another process may listen at the old address. */
  #isUp = false;
  #edit: Edit | null;

  constructor(ground: Ground, setting: Setting) {
    this.#ground = ground;
    this.#setting = setting;
    this.#edit = setting.edit ?? null;
  }

  async start(): Promise<void> {
    const { at = "none", script = {}, hook = {} } = this.#setting;
    cpSync(this.#ground.state, this.#state, { recursive: true });
    this.#peer = await startPeer(script, testCertificates().certificates);
    this.#hook = await startReceiver(hook);
    // Never answers: a process that stands at a barrier stands there until it is killed.
    this.#barriers = createServer((request) => this.#reached.resolve((request.url ?? "").slice(1)));
    this.#barriersUrl = `http://127.0.0.1:${await listenOnLoopback(this.#barriers, 0)}`;
    await this.#run(at);
    const webhook = { url: `http://127.0.0.1:${this.hook.port}/hook` };
    createdWebhook.parse(await (await this.#ask("POST", "/v1/webhooks", webhook)).json());
  }

  async stop(): Promise<void> {
    await this.#worker?.kill();
    await this.#peer?.stop();
    await this.#hook?.stop();
    this.#barriers?.closeAllConnections();
    this.#barriers?.close();
    rmSync(this.#state, { recursive: true, force: true });
  }

  /** Where the Worker is now; it moves with each start. */
  get url(): string {
    return new URL(started(this.#worker).url).origin;
  }

  get peer(): Peer {
    return started(this.#peer);
  }

  get hook(): Receiver {
    return started(this.#hook);
  }

  /** The crash point where the Worker stands, once it is there. */
  get reached(): Promise<string> {
    return this.#reached.promise;
  }

  /** What the Worker's process printed last. */
  get output(): string {
    return started(this.#worker).output();
  }

  /** Posts an email to the front door, with an Idempotency-Key and by another API key when they are given. */
  async send(body: unknown, idempotencyKey?: string, apiKey?: string): Promise<Answer> {
    const own = {
      ...(idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey }),
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    };
    try {
      const answer = await this.#ask("POST", "/v1/send-email", body, own);
      await answer.text();
      return {
        status: answer.status,
        id: answer.headers.get("X-Message-Id"),
        replayed: answer.headers.get("Idempotent-Replayed") === "true",
      };
    } catch {
      // Refused or cut off: the Worker is dead, and a client can only try again.
      return null;
    }
  }

  /** Posts many emails in one call, with an Idempotency-Key; answers their ids. */
  async sendBatch(
    messages: readonly unknown[],
    idempotencyKey: string,
    apiKey = this.#ground.apiKey,
  ): Promise<{ readonly ids: readonly string[]; readonly replayed: boolean } | null> {
    const path = "/v1/send-email/batch";
    try {
      const own = { "Idempotency-Key": idempotencyKey, authorization: `Bearer ${apiKey}` };
      const answer = await this.#ask("POST", path, { messages }, own);
      const { data } = batchSchema.parse(await answer.json());
      const ids = data.map(({ message_id: id }) => id);
      return { ids, replayed: answer.headers.get("Idempotent-Replayed") === "true" };
    } catch {
      // Refused or cut off: the Worker is dead, and a client can only try again.
      return null;
    }
  }

  /** Posts a body as it is to the front door. */
  async post(body: string): Promise<Response> {
    const answer = await this.#ask("POST", "/v1/send-email", body);
    // Read to its end, so that the connection is free.
    return new Response(await answer.text(), answer);
  }

  /** Posts a MIME message in pieces, its length unannounced, as the gateway does. */
  async postRaw(pieces: Iterable<Uint8Array>, to: readonly string[]): Promise<RawAnswer> {
    const asked = request(this.rawUrl(to), { method: "POST", headers: this.rawHeaders() });
    const answered = once(asked, "response");
    await Promise.all([answered, pipeline(Readable.from(pieces), asked)]);
    const [answer]: IncomingMessage[] = await answered;
    await answer?.resume().toArray();
    return {
      status: answer?.statusCode ?? 0,
      retryAfter: answer?.headers["retry-after"] ?? null,
    };
  }

  /** Where MIME messages are posted. */
  rawUrl(to: readonly string[]): URL {
    return new URL(`/v1/send-raw?to=${to.join(",")}`, started(this.#worker).url);
  }

  /** What a post of a MIME message carries. */
  rawHeaders(): Record<string, string> {
    const authorization = `Bearer ${this.#ground.apiKey}`;
    return { authorization, "content-type": "message/rfc822" };
  }

  /** Reads from the API. */
  async get<T>(schema: z.ZodType<T>, path: string): Promise<T> {
    return schema.parse(await (await this.#ask("GET", path)).json());
  }

  /** Makes something through the API. */
  async create<T>(schema: z.ZodType<T>, path: string, body: object): Promise<T> {
    return schema.parse(await (await this.#ask("POST", path, body)).json());
  }

  /** Changes something through the API. */
  async change<T>(schema: z.ZodType<T>, path: string, body: object): Promise<T> {
    return schema.parse(await (await this.#ask("PATCH", path, body)).json());
  }

  /** Looks into the database past the Worker, or changes it. */
  async sql<T>(row: z.ZodType<T>, text: string, ...values: SqlValue[]): Promise<readonly T[]> {
    return z.array(row).parse(await started(this.#worker).sql(text, values));
  }

  /** Cron comes. */
  async sweep(): Promise<void> {
    const answer = await fetch(this.#at("/cdn-cgi/local/scheduled"));
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the sweep failed: ${text}\n${this.output}`);
  }

  /** A mail comes in through the email door; null when the Worker dies meanwhile. */
  async mail(from: string, to: string, raw: string): Promise<number | null> {
    const url = this.#at("/cdn-cgi/local/email");
    url.search = String(new URLSearchParams({ from, to }));
    try {
      const answer = await fetch(url, { method: "POST", body: raw });
      await answer.text();
      return answer.status;
    } catch {
      return null;
    }
  }

  /** The Worker's code is another one from its next start on; null: as it was built. */
  become(edit: Edit | null): void {
    this.#edit = edit;
  }

  /** Stops every process of the Worker for a while, as a machine that swaps does. */
  async freeze(ms: number): Promise<void> {
    await started(this.#worker).freeze(ms);
  }

  /** Kills the Worker: every process of its group, by SIGKILL. */
  async kill(): Promise<void> {
    this.#killedAt = Date.now();
    this.#isUp = false;
    await started(this.#worker).kill();
  }

  /** Starts the Worker again over the same folder; it stops at another crash point, or at none. */
  async restart(at = "none"): Promise<void> {
    this.#reached = Promise.withResolvers<string>();
    await this.#run(at);
  }

  /**
   * Lets the 30 s pass that the killed process's leases still had, by moving their end back in the
   * database. A lease of the new process ends later than those and stays.
   */
  async leasesRunOut(): Promise<void> {
    const sql = "update deliveries set lease_until = ?1 where lease_until <= ?2";
    await this.sql(z.unknown(), sql, this.#killedAt, this.#killedAt + LEASE_MS);
  }

  async #run(at: string): Promise<void> {
    const bundle = this.#edit === null ? this.#ground.bundle : this.#edited(this.#edit);
    const options = miniflareOptions({ ...this.#ground, bundle }, this.#state, {
      RELAY_URL: `smtp://127.0.0.1:${this.peer.port}`,
      FAULT_PLAN: JSON.stringify({ url: this.#barriersUrl, at }),
      ...this.#setting.variables,
    });
    this.#worker = await startWorker(this.#state, options);
    this.#isUp = true;
  }

  /** Where to ask the Worker; throws while it is down. */
  #at(path: string): URL {
    if (!this.#isUp) throw new Error("the Worker is down");
    return new URL(path, started(this.#worker).url);
  }

  #edited(edit: Edit): string {
    const folder = join(this.#state, "edited");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "index.js");
    writeFileSync(file, edit(readFileSync(this.#ground.bundle, "utf8")));
    return file;
  }

  async #ask(method: string, path: string, body?: unknown, own: object = {}): Promise<Response> {
    const authorization = `Bearer ${this.#ground.apiKey}`;
    const headers = { authorization, "content-type": "application/json", ...own };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const request = { method, headers, ...(body === undefined ? {} : { body: text }) };
    return fetch(this.#at(path), request);
  }
}

function started<T>(part: T | null): T {
  if (part === null) throw new Error("the world was not started");
  return part;
}
