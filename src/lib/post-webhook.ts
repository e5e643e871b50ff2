// One signed POST to a webhook receiver, within limits that hold whatever the receiver does. It does
// not judge the URL (target.ts), decide on retries or remember anything.
import { readUpTo } from "./bounded-body.ts";
import { fromUtf8 } from "./bytes.ts";
import { reasonOf } from "./log.ts";
import { signWebhook } from "./standard-webhooks.ts";

/** What posting needs of the world; App has it. */
export type PostWorld = {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly now: () => number;
};

/** One request to make. `id` becomes `webhook-id`: stable over the tries of one event. */
export type WebhookPost = {
  readonly url: string;
  readonly secrets: readonly string[];
  readonly id: string;
  readonly body: string;
};

/** What came of it. `error` is null exactly when the receiver answered 2xx in time. */
export type PostOutcome = {
  /** HTTP status, or null when there was no answer. */
  readonly status: number | null;
  readonly error: string | null;
  /** What the receiver asked for in Retry-After, however much or little, or null. */
  readonly retryAfterMs: number | null;
  readonly ms: number;
};

/** Contract 1.9.1: answered within 5 s. Reading the answer's body is inside it. */
const DEADLINE_MS = 5_000;

/** More of an answer is not read (reliability 5.3). */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Characters of a failing answer that are kept for people. */
const MAX_EXCERPT = 200;

/** Posts once. 2xx is success, everything else a failure; a redirect is never followed. */
export async function postWebhook(world: PostWorld, post: WebhookPost): Promise<PostOutcome> {
  const started = world.now();
  const timestamp = Math.floor(started / 1000);
  const signature = await signWebhook(post.secrets, { id: post.id, timestamp, body: post.body });
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  try {
    const request = new Request(post.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        // A compressed answer could be a bomb; none is wanted.
        "accept-encoding": "identity",
        "user-agent": "Edgepost-Webhooks/1",
        "webhook-id": post.id,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": signature,
      },
      body: post.body,
      redirect: "manual",
      signal: deadline,
    });
    const response = await world.fetch(request);
    const head = await readUpTo(response.body, MAX_ANSWER_BYTES, deadline);
    return {
      status: response.status,
      error: response.ok ? null : failureText(response.status, fromUtf8(head)),
      retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), world.now()),
      ms: world.now() - started,
    };
  } catch (error) {
    const late = `no answer within ${DEADLINE_MS / 1000} s`;
    return {
      status: null,
      error: deadline.aborted ? late : `connection failed: ${reasonOf(error)}`,
      retryAfterMs: null,
      ms: world.now() - started,
    };
  }
}

/**
 * Milliseconds that a Retry-After asks for (RFC 9110 §10.2.3: seconds or a date; a past one is
 * negative), or null when there is none or it makes no sense.
 */
export function parseRetryAfter(value: string | null, now: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  const wanted = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wanted) ? null : wanted;
}

function failureText(status: number, answer: string): string {
  const excerpt = answer.replace(/[\s\p{Cc}]+/gu, " ").trim();
  const bounded = Array.from(excerpt.slice(0, MAX_EXCERPT * 2))
    .slice(0, MAX_EXCERPT)
    .join("");
  return bounded === "" ? `answered ${status}` : `answered ${status}: ${bounded}`;
}
