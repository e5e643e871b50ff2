// May this user sign in now? Asks the locks, the memory and the Worker, in this order; answers who it is
// or the SMTP reply to say no with.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { fail, ok, type Result } from "../src/lib/result.ts";
import {
  AUTH_INVALID,
  AUTH_UNAVAILABLE,
  ENCRYPTION_REQUIRED,
  lockedFor,
  refusesGateway,
  type Reply,
} from "./reply.ts";
import type { Tenant } from "./tenants.ts";
import { type Verdict, verdictKey } from "./verdict-cache.ts";
import type { Answered } from "./worker-client.ts";
import type { Sender, World } from "./world.ts";

/** What a client shows. */
export type Login = {
  readonly username: string;
  readonly password: string;
  /** IP address of the client. */
  readonly address: string;
  readonly secure: boolean;
};

/** A client waits at least this long for the answer to AUTH. */
const AUTH_DEADLINE_MS = 10_000;

/** Of a Worker that says 429 without saying until when. */
const DEFAULT_LOCK_SECONDS = 60;

const verdictSchema = z.object({
  credential_id: z.string().regex(/^[\x21-\x7e]{1,200}$/),
  max_size: z.number().int().positive(),
  require_tls: z.boolean(),
});

/** Judges a login; a failed one is answered late (reliability.md 5.2: AUTH brute force). */
export async function authenticate(world: World, login: Login): Promise<Result<Sender, Reply>> {
  const { lockOut, metrics } = world;
  const locked = lockOut.lockedFor(login, Date.now());
  if (locked > 0) return refuse(world, login, "locked", lockedFor(Math.ceil(locked / 1000)));
  const tenant = world.tenants().of(login.username);
  if (!tenant) return await failed(world, login);
  const key = verdictKey(login.username, login.password);
  const known = world.verdicts.get(key, Date.now());
  if (known) metrics.count("edgepost_gateway_auth_total", { result: "remembered" });
  const verdict = known ? ok(known) : await ask(world, login, tenant);
  if (!verdict.ok) return verdict;
  if (verdict.value.requireTls && !login.secure) {
    return refuse(world, login, "tls_required", ENCRYPTION_REQUIRED);
  }
  if (!known) world.verdicts.put(key, verdict.value, Date.now());
  lockOut.succeeded(login, Date.now());
  const { credentialId, maxSize } = verdict.value;
  const most = Math.min(maxSize, world.config.limits.messageBytes);
  return ok({ tenant, credentialId, maxSize: most, verdictKey: key });
}

async function ask(world: World, login: Login, tenant: Tenant): Promise<Result<Verdict, Reply>> {
  const { username, password, address, secure } = login;
  const question = { username, password, peer_ip: address, tls: secure };
  const path = "/internal/smtp/auth";
  const answered = await world.client.call(tenant, path, question, AUTH_DEADLINE_MS);
  const status = answered.ok ? answered.value.status : 0;
  if (answered.ok && status === 200) {
    const parsed = verdictSchema.safeParse(answered.value.data);
    if (!parsed.success) return unavailable(world, login, answered);
    world.metrics.count("edgepost_gateway_auth_total", { result: "accepted" });
    const { credential_id, max_size, require_tls } = parsed.data;
    return ok({ credentialId: credential_id, maxSize: max_size, requireTls: require_tls });
  }
  if (!answered.ok || refusesGateway(answered.value)) return unavailable(world, login, answered);
  if (status === 401) return await failed(world, login);
  if (status === 403 && answered.value.code === "tls_required") {
    return refuse(world, login, "tls_required", ENCRYPTION_REQUIRED);
  }
  if (status === 429) {
    const wait = answered.value.retryAfter ?? DEFAULT_LOCK_SECONDS;
    return refuse(world, login, "locked", lockedFor(wait));
  }
  return unavailable(world, login, answered);
}

async function failed(world: World, login: Login): Promise<Result<never, Reply>> {
  await sleep(world.lockOut.failed(login, Date.now()));
  return refuse(world, login, "failed", AUTH_INVALID);
}

function unavailable(world: World, login: Login, answered: Answered): Result<never, Reply> {
  const reason = answered.ok
    ? `status ${answered.value.status} ${answered.value.code}`
    : answered.error;
  world.log("error", "auth_unavailable", { peer_ip: login.address, reason });
  return refuse(world, login, "unavailable", AUTH_UNAVAILABLE);
}

function refuse(world: World, login: Login, result: string, reply: Reply): Result<never, Reply> {
  world.metrics.count("edgepost_gateway_auth_total", { result });
  const { username, address, secure } = login;
  world.log("info", "auth_refused", { username, peer_ip: address, tls: secure, result });
  return fail(reply);
}
