// Mounts the dialects and answers requests: route → authenticate → parse → handle → the dialect's wire.
// Every answer carries X-Request-Id; those of a door that mail is sent through tell the limits too.
import { Router } from "itty-router";
import type { App } from "../app.ts";
import { clientIp } from "../lib/client-ip.ts";
import { reasonOf } from "../lib/log.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { invalidField, type Problem, STORAGE_UNAVAILABLE } from "../model/problem.ts";
import { type Actor, actorOf } from "./actor.ts";
import { type BodyLease, readBytes, readJsonBody } from "./body.ts";
import { audience } from "./audience/routes.ts";
import { runAudited } from "./audit.ts";
import { bodyPieces } from "./body-pieces.ts";
import { bodyText } from "./body-text.ts";
import type { Answer, Dialect, Endpoint, Received } from "./endpoint.ts";
import { frontDoor } from "./front-door.ts";
import { internal } from "./internal/routes.ts";
import { kasapost } from "./kasapost/routes.ts";
import { kasplo } from "./kasplo/routes.ts";
import { mailingLists, unversionedMailingLists } from "./mailing-lists/routes.ts";
import { ALIVE_PATH } from "./openapi-open.ts";
import { answerOpenapi } from "./openapi.ts";
import { limitHeaders } from "./rate-limit.ts";

/** Longest base first, so that none hides another. */
export const DIALECTS: readonly Dialect[] = [
  kasapost,
  audience,
  mailingLists,
  unversionedMailingLists,
  internal,
  kasplo,
];

/** The dialect that answers for paths which belong to none. */
const FALLBACK = kasplo;

/** For load balancers and `npm run tenant -- update`: the Worker answers and its settings are right. */
const ALIVE = { status: 200, json: { status: "ok" } } as const;

/** Answers any request; never throws. */
export async function handle(app: App, request: Request): Promise<Response> {
  const requestId = app.newId();
  const path = new URL(request.url).pathname;
  if (path === ALIVE_PATH) return respond(ALIVE, requestId);
  const front = frontDoor(app.config, request);
  if (front) return respond(front, requestId);
  const description = answerOpenapi(DIALECTS, request);
  if (description) return respond(description, requestId);
  const dialect = DIALECTS.find(({ base }) => path === base || path.startsWith(`${base}/`));
  const { base, problem } = dialect ?? FALLBACK;
  // The routes take a slash at the end too.
  const about = { path: path.replace(base, "").replace(/\/+$/, ""), requestId };
  const answer = await answerOf(app, dialect, request, about);
  return respond(answer.ok ? answer.value : problem(answer.error, about), requestId);
}

async function answerOf(
  app: App,
  dialect: Dialect | undefined,
  request: Request,
  about: About,
): Promise<Result<Answer, Problem>> {
  if (app.config.localDev && request.headers.has("CF-Ray")) {
    // Set by Cloudflare's edge alone: this Worker is deployed with its guards off.
    const reason = "LOCAL_DEV is set on a deployed Worker; remove it";
    return fail({ kind: "unavailable", reason, retryAfterSeconds: 3_600 });
  }
  const open = dialect && (dialect.isOpen?.(app.config) ?? true);
  const matched = open && match(dialect, request);
  if (!dialect || !matched) return fail({ kind: "not_found", what: "this path" });
  if (!matched.ok) return matched;
  return guarded(app, about, () => run(app, dialect, matched.value, request, about));
}

/** Where a request came in and what it is called. */
type About = { readonly path: string; readonly requestId: string };

/** Whatever breaks on the way is an answer too. */
async function guarded(
  app: App,
  { requestId }: About,
  work: () => Promise<Result<Answer, Problem>>,
): Promise<Result<Answer, Problem>> {
  try {
    return await work();
  } catch (error) {
    app.log("error", "request_failed", { request: requestId, reason: reasonOf(error) });
    return fail(STORAGE_UNAVAILABLE);
  }
}

type Matched = { readonly endpoint: Endpoint; readonly params: Readonly<Record<string, string>> };

/** The operation of a path and method; null when no operation has this path. */
function match(dialect: Dialect, request: Request): Result<Matched, Problem> | null {
  const { pathname } = new URL(request.url);
  const found = routesOf(dialect).filter(({ pattern }) => pattern.test(pathname));
  if (found.length === 0) return null;
  const able = found.filter(({ endpoint }) => endpoint.method === request.method);
  const mediaType = mediaTypeOf(request);
  const route =
    able.find(({ endpoint }) => endpoint.streams?.type === mediaType) ??
    able.find(({ endpoint }) => endpoint.streams === null) ??
    able[0];
  if (!route) {
    const allow = [...new Set(found.map((r) => r.endpoint.method))];
    return fail({ kind: "method_not_allowed", allow });
  }
  const params = decodeParams(route.pattern.exec(pathname)?.groups ?? {});
  return params ? ok({ endpoint: route.endpoint, params }) : null;
}

function mediaTypeOf(request: Request): string {
  return (request.headers.get("Content-Type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

type RouteOf = { readonly endpoint: Endpoint; readonly pattern: RegExp };

const routes = new WeakMap<Dialect, readonly RouteOf[]>();

/** itty-router turns the paths into patterns; asking it for them lets one table answer 404 and 405. */
function routesOf(dialect: Dialect): readonly RouteOf[] {
  const known = routes.get(dialect);
  if (known) return known;
  const router = Router({ base: dialect.base });
  for (const { method, path } of dialect.endpoints) {
    router[method.toLowerCase()]?.(path, () => undefined);
  }
  const compiled = dialect.endpoints.flatMap((endpoint, index) => {
    const pattern = router.routes[index]?.[1];
    return pattern ? [{ endpoint, pattern }] : [];
  });
  routes.set(dialect, compiled);
  return compiled;
}

/** Path parameters decoded, which itty-router leaves to us; null when one is not valid. */
function decodeParams(groups: Readonly<Record<string, string>>): Record<string, string> | null {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    return null;
  }
}

async function run(
  app: App,
  dialect: Dialect,
  matched: Matched,
  request: Request,
  about: About,
): Promise<Result<Answer, Problem>> {
  const { endpoint, params } = matched;
  const { origin } = new URL(request.url);
  const shown = { headers: request.headers, params, origin };
  const actor = await actorOf(app, dialect, endpoint, shown);
  if (!actor.ok) return actor;
  const work = () => perform(app, actor.value, matched, request, about.requestId);
  if (!endpoint.sends) return work();
  const done = await guarded(app, about, work);
  const answer = done.ok ? done.value : dialect.problem(done.error, about);
  const limits = await limitHeaders(app, actor.value.key);
  return ok({ ...answer, headers: { ...answer.headers, ...limits } });
}

async function perform(
  app: App,
  actor: Actor,
  { endpoint, params }: Matched,
  request: Request,
  requestId: string,
): Promise<Result<Answer, Problem>> {
  const url = new URL(request.url);
  const query = queryOf(url);
  if (!query.ok) return query;
  const lease = await bodyOf(endpoint, request);
  if (!lease.ok) return lease;
  try {
    const idempotencyKey = request.headers.get("Idempotency-Key");
    const { origin } = url;
    const given = { params, query: query.value, ...actor, requestId, origin, idempotencyKey };
    const received = { ...given, headers: request.headers, ...lease.value.body };
    const ip = clientIp(request.headers);
    return await runAudited(app, endpoint, received, ip);
  } finally {
    lease.value.leave();
  }
}

type Body = Pick<Received, "body" | "text" | "bytes" | "pieces">;

/** The body in the form that the operation takes, read if it is to be read before. */
async function bodyOf(
  { streams, takesBody, bodyLimit: limitBytes }: Endpoint,
  request: Request,
): Promise<Result<BodyLease<Body>, Problem>> {
  const hash = request.headers.has("Idempotency-Key");
  if (takesBody) {
    return leased(await readJsonBody(request, { hash, limitBytes }), (body) => ({ body }));
  }
  if (streams === null) return ok({ body: { body: null }, leave() {} });
  if (streams.type !== mediaTypeOf(request)) {
    return fail({ kind: "unsupported_media_type", wanted: streams.type });
  }
  if (streams.as === "text") {
    return ok({ body: { body: null, text: bodyText(request) }, leave() {} });
  }
  if (streams.as === "pieces") {
    const pieces = bodyPieces(request, streams.limitBytes);
    return ok({ body: { body: null, pieces }, leave() {} });
  }
  return leased(await readBytes(request, { hash }), (bytes) => ({ body: null, bytes }));
}

function leased<T>(
  lease: Result<BodyLease<T>, Problem>,
  as: (body: T) => Body,
): Result<BodyLease<Body>, Problem> {
  return lease.ok ? ok({ body: as(lease.value.body), leave: lease.value.leave }) : lease;
}

/** The query as one value a name; a name given twice has no meaning we could guess. */
function queryOf(url: URL): Result<Record<string, string>, Problem> {
  const query = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (query.has(name)) return fail(invalidField(name, "is given twice; give it once"));
    query.set(name, value);
  }
  return ok(Object.fromEntries(query));
}

function respond(answer: Answer, requestId: string): Response {
  const headers = new Headers(answer.headers ?? {});
  headers.set("X-Request-Id", requestId);
  headers.set("Cache-Control", "no-store");
  if ("json" in answer) {
    headers.set("Content-Type", "application/json");
    return new Response(JSON.stringify(answer.json), { status: answer.status, headers });
  }
  if ("socket" in answer) {
    return new Response(null, { status: answer.status, webSocket: answer.socket, headers });
  }
  return new Response(answer.bytes, { status: answer.status, headers });
}
