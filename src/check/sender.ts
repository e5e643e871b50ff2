// May this key send from this address, with this AMP part, in this mail class? Sender domains are
// remembered for a short while, so that an accept costs one D1 round trip.
import type { App } from "../app.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { ttlCache } from "../lib/ttl-cache.ts";
import { domainOf } from "../model/address.ts";
import type { Key } from "../model/key.ts";
import type { MailClass } from "../model/message.ts";
import type { Problem } from "../model/problem.ts";
import type { SenderDomain } from "../model/sender-domain.ts";
import { findSenderDomain } from "../store/sender-domain.ts";

/** A domain that was withdrawn stops sending within this time. */
const SENDER_TTL_MS = 25_000;

const domains = ttlCache<SenderDomain | null>({ ttlMs: SENDER_TTL_MS, maxEntries: 1_000 });

/** The verified domain of a From address, if the key may use it. */
export async function checkSender(
  app: App,
  key: Key,
  from: string,
): Promise<Result<SenderDomain, Problem>> {
  const domain = domainOf(from);
  if (key.domain !== null && key.domain !== domain) {
    return fail({ kind: "sender_not_allowed", domain });
  }
  const known = await domains.get(domain, app.now(), () => findSenderDomain(app.db, domain));
  if (known?.verified) return ok(known);
  // Who has just verified a domain sends at once.
  domains.delete(domain);
  return fail({ kind: "sender_not_allowed", domain });
}

/** Makes a domain that was just changed count at once, here. */
export function forgetSender(domain: string): void {
  domains.delete(domain);
}

/** The mail class of a send: the request's, else the key's, else transactional (decision 15). */
export function checkMailClass(key: Key, wanted: MailClass | null): Result<MailClass, Problem> {
  const mailClass = wanted ?? key.mailClass ?? "transactional";
  if (key.mailClass !== null && key.mailClass !== mailClass) {
    return fail({ kind: "mail_class_not_allowed", mailClass });
  }
  return ok(mailClass);
}
