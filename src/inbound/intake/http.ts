// The door of the intakes, POST /intake/<relay>: events of upstream relays about mail that they took. It
// asks for no API key; the vendor's own signature or password proves a request. 200 means committed.
import type { App } from "../../app.ts";
import { readUpTo } from "../../lib/bounded-body.ts";
import { reasonOf } from "../../lib/log.ts";
import type { IntakeOutcome } from "../../model/inbound.ts";
import { INTAKE_PATH, type StoredIntake } from "../../model/intake.ts";
import { countInbound } from "../../store/inbound.ts";
import { findIntake } from "../../store/intake.ts";
import type { Reading } from "./reading.ts";
import { type IntakeCounts, receiveEvents } from "./receive.ts";
import { readVendor } from "./vendors.ts";

/** A UUID, or `default`. */
const RELAY_ID = /^[0-9a-z-]{1,36}$/;
/** The largest batches (SendGrid's, SparkPost's) stay below 1 MB; SNS messages below 256 KB. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Vendors give up on us after 10 to 15 s. */
const BODY_DEADLINE_MS = 10_000;
/** Events of one request: 100 a transaction, and a Worker may ask D1 1,000 times. */
const MAX_EVENTS = 10_000;
/** The platform's hiccups are short, and so is the end of an attempt. */
const RETRY_SECONDS = 30;

/** Answers a request to an intake; null when the path is none of one. */
export async function answerIntake(app: App, request: Request): Promise<Response | null> {
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith(INTAKE_PATH)) return null;
  const relayId = pathname.slice(INTAKE_PATH.length).replace(/\/+$/, "");
  const requestId = app.newId();
  const answer = await answerOf(app, request, relayId).catch((error: unknown) => {
    app.log("error", "intake_failed", { relay: relayId, reason: reasonOf(error) });
    return retry("storage did not answer");
  });
  return respond(answer, requestId);
}

type Answer = { readonly status: number; readonly data: object; readonly headers?: HeadersInit };

async function answerOf(app: App, request: Request, relayId: string): Promise<Answer> {
  if (request.method !== "POST") {
    const headers = { Allow: "POST" };
    return { ...refusal(405, "method_not_allowed", "this path answers POST"), headers };
  }
  const intake = RELAY_ID.test(relayId) ? await findIntake(app.db, relayId) : null;
  if (!intake) return refusal(404, "not_found", "this relay has no intake");
  const deadline = AbortSignal.timeout(BODY_DEADLINE_MS);
  const body = await readUpTo(request.body, MAX_BODY_BYTES + 1, deadline);
  if (body.length > MAX_BODY_BYTES) return tooLarge(`${MAX_BODY_BYTES} bytes`);
  if (deadline.aborted) return retry("the body did not arrive in time");
  return judge(app, intake, await readVendor(app, intake, { headers: request.headers, body }));
}

/** What follows from a reading. */
async function judge(app: App, intake: StoredIntake, reading: Reading): Promise<Answer> {
  const about = { relay: intake.relayId, vendor: intake.vendor };
  if (reading.kind !== "events") {
    app.log("warn", `intake_${reading.kind}`, { ...about, reason: reading.reason });
  }
  switch (reading.kind) {
    case "refused": {
      const headers = { "WWW-Authenticate": 'Basic realm="intake"' };
      return { ...refusal(401, "unauthorized", reading.reason), headers };
    }
    case "malformed":
      return refusal(400, "invalid_request", reading.reason);
    case "unavailable":
      return retry(reading.reason);
    case "events": {
      const { events } = reading;
      if (events.length > MAX_EVENTS) return tooLarge(`${MAX_EVENTS} events`);
      const counts = await receiveEvents(app, events);
      note(app, "intake_unknown", counts.unknown);
      note(app, "intake_not_found", counts.not_found);
      app.log("info", "intake_received", { ...about, ...counts, ...namesOf(counts, events) });
      return counts.too_early > 0
        ? retry("an attempt of ours is not recorded yet")
        : { status: 200, data: { data: counts } };
    }
  }
}

/** Counts what changed nothing, after the answer; GET /v1/inbound shows it. */
function note(app: App, outcome: IntakeOutcome, count: number): void {
  if (count === 0) return;
  app.background("count_inbound_failed", countInbound(app.db, outcome, app.now(), count));
}

/** Names that are told of in the log. */
const MAX_NAMES = 10;
const MAX_NAME_LENGTH = 60;

/** What events of unknown types were called: for whoever teaches Edgepost the next one. */
function namesOf(counts: IntakeCounts, events: Extract<Reading, { kind: "events" }>["events"]) {
  if (counts.unknown === 0) return {};
  const names = events.flatMap(({ name, meaning }) =>
    meaning.kind === "unknown" ? [name.slice(0, MAX_NAME_LENGTH).toWellFormed()] : [],
  );
  return { unknown_names: [...new Set(names)].slice(0, MAX_NAMES).join(", ") };
}

function refusal(status: number, code: string, message: string): Answer {
  return { status, data: { error: { code, message } } };
}

function tooLarge(limit: string): Answer {
  return refusal(413, "too_large", `a request may have at most ${limit}`);
}

/** Vendors bring again what was not answered 2xx; what was recorded by then is known. */
function retry(reason: string): Answer {
  const headers = { "Retry-After": String(RETRY_SECONDS) };
  return { ...refusal(503, "unavailable", `${reason}; send the request again`), headers };
}

function respond({ status, data, headers }: Answer, requestId: string): Response {
  const all = new Headers(headers);
  all.set("X-Request-Id", requestId);
  all.set("Cache-Control", "no-store");
  return Response.json(data, { status, headers: all });
}
