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

/** Names and values of header fields. */
type Headers = Readonly<Record<string, string>>;

/** What came of it. `error` is null exactly when the receiver answered 2xx in time. */
export type PostOutcome = {
  /** HTTP status, or null when there was no answer. */
  readonly status: number | null;
  readonly error: string | null;
  /** What was sent, and when (epoch ms); null when nothing was. */
  readonly sent: { readonly at: number; readonly url: string; readonly headers: Headers } | null;
  /** The beginning of the answer's body; "" when there was none. */
  readonly answer: string;
  /** What the receiver asked for in Retry-After, however much or little, or null. */
  readonly retryAfterMs: number | null;
  readonly ms: number;
};

/** Contract 1.9.1: answered within 5 s. Reading the answer's body is inside it. */
const DEADLINE_MS = 5_000;

/** More of an answer is not read (reliability 5.3). */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Characters of a failing answer that are kept for people, on one line. */
const MAX_EXCERPT = 200;

/** Characters of an answer that are kept as it came. */
const MAX_ANSWER = 1_000;

/** The header fields of a post but its signature, which holds for some minutes only and is not kept. */
export function headersOf(post: { readonly id: string; readonly timestamp: number }) {
  return {
    "content-type": "application/json",
    // A compressed answer could be a bomb; none is wanted.
    "accept-encoding": "identity",
    "user-agent": "Edgepost-Webhooks/1",
    "webhook-id": post.id,
    "webhook-timestamp": String(post.timestamp),
  };
}

/** Posts once. 2xx is success, everything else a failure; a redirect is never followed. */
export async function postWebhook(world: PostWorld, post: WebhookPost): Promise<PostOutcome> {
  const started = world.now();
  const timestamp = Math.floor(started / 1000);
  const signature = await signWebhook(post.secrets, { id: post.id, timestamp, body: post.body });
  const headers = { ...headersOf({ id: post.id, timestamp }), "webhook-signature": signature };
  const sent = { at: started, url: post.url, headers };
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  try {
    const request = new Request(post.url, {
      method: "POST",
      headers,
      body: post.body,
      redirect: "manual",
      signal: deadline,
    });
    const response = await world.fetch(request);
    const answer = fromUtf8(await readUpTo(response.body, MAX_ANSWER_BYTES, deadline));
    return {
      status: response.status,
      error: response.ok ? null : failureText(response.status, answer),
      sent,
      answer: beginningOf(answer.replace(/[^\P{Cc}\n\t]/gu, ""), MAX_ANSWER),
      retryAfterMs: parseRetryAfter(response.headers.get("retry-after"), world.now()),
      ms: world.now() - started,
    };
  } catch (error) {
    const late = `no answer within ${DEADLINE_MS / 1000} s`;
    return {
      status: null,
      error: deadline.aborted ? late : `connection failed: ${reasonOf(error)}`,
      sent,
      answer: "",
      retryAfterMs: null,
      ms: world.now() - started,
    };
  }
}

/** The outcome of a post that must not be made. */
export function notSent(error: string): PostOutcome {
  return { status: null, error, sent: null, answer: "", retryAfterMs: null, ms: 0 };
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
  const bounded = beginningOf(excerpt, MAX_EXCERPT);
  return bounded === "" ? `answered ${status}` : `answered ${status}: ${bounded}`;
}

/** The first characters of a text; none is cut in two. */
function beginningOf(text: string, characters: number): string {
  return Array.from(text.slice(0, characters * 2))
    .slice(0, characters)
    .join("");
}
