// What SNS makes us fetch: the certificate of a signature, and the URL that confirms a subscription.
// Both only at sns.<region>.amazonaws.com, within a deadline and a size; no redirect is followed.
import type { App } from "../../app.ts";
import { readUpTo } from "../../lib/bounded-body.ts";
import { fromUtf8 } from "../../lib/bytes.ts";
import { reasonOf } from "../../lib/log.ts";
import { ttlCache } from "../../lib/ttl-cache.ts";
import type { Reading } from "./reading.ts";
import { isCertificateUrl, isSubscribeUrl, type SnsMessage } from "./sns.ts";

/** SNS waits 15 s for our answer. */
const DEADLINE_MS = 5_000;
/** A certificate has about 2 KB; with a chain of four it stays below. */
const MAX_BYTES = 16 * 1024;

/** A certificate is used for months; a day notices one that was withdrawn. */
const certificates = ttlCache<string>({ ttlMs: 24 * 60 * 60 * 1000, maxEntries: 8 });

/** The certificate (PEM) at a URL, or why there is none now: `refused` is for ever. */
export type Fetched =
  | { readonly kind: "certificate"; readonly pem: string }
  | { readonly kind: "refused" }
  | { readonly kind: "unavailable"; readonly reason: string };

/** Fetches the certificate that a message names, once a day an isolate. */
export async function certificateOf(app: App, message: SnsMessage): Promise<Fetched> {
  const url = message.SigningCertURL;
  if (!isCertificateUrl(url)) return { kind: "refused" };
  try {
    const pem = await certificates.get(url, app.now(), () => get(app, url));
    return { kind: "certificate", pem };
  } catch (error) {
    return { kind: "unavailable", reason: `certificate: ${reasonOf(error)}` };
  }
}

/** Confirms the subscription that a message asks for. */
export async function confirm(app: App, message: SnsMessage, topicArn: string): Promise<Reading> {
  const url = message.SubscribeURL ?? "";
  if (!isSubscribeUrl(url, topicArn)) {
    return { kind: "malformed", reason: "the SubscribeURL is not one of SNS for this topic" };
  }
  try {
    await get(app, url);
    app.log("info", "intake_subscribed", { topic: topicArn });
    return { kind: "events", events: [] };
  } catch (error) {
    return { kind: "unavailable", reason: `subscription: ${reasonOf(error)}` };
  }
}

async function get(app: App, url: string): Promise<string> {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const response = await app.fetch(new Request(url, { redirect: "manual", signal: deadline }));
  const bytes = await readUpTo(response.body, MAX_BYTES + 1, deadline);
  if (response.status !== 200) throw new Error(`SNS answered ${response.status}`);
  if (deadline.aborted) throw new Error(`SNS did not answer within ${DEADLINE_MS / 1000} s`);
  if (bytes.length > MAX_BYTES) throw new Error(`SNS answered more than ${MAX_BYTES} bytes`);
  return fromUtf8(bytes);
}
