// POST /internal/smtp/auth: the gateway asks whether a user may log in. Guessing is slowed down, for each
// user name and for each peer.
import ipaddr from "ipaddr.js";
import * as z from "zod";
import { attempts } from "../../lib/attempts.ts";
import { fail, ok } from "../../lib/result.ts";
import { MAIL_CLASSES } from "../../model/message.ts";
import { MAX_BODY_BYTES } from "../body.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, one } from "../kasplo/native.ts";
import { logIn } from "../smtp-credential.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** A user name is guessed at from many addresses; its owner must not be locked out for long by that. */
const byUsername = attempts({
  free: 5,
  firstWaitMs: SECOND,
  maxWaitMs: 60 * SECOND,
  forgetMs: HOUR,
  maxSubjects: 10_000,
});

/** Behind one address there may be many people; who guesses on is locked out for a quarter of an hour. */
const byPeer = attempts({
  free: 20,
  firstWaitMs: SECOND,
  maxWaitMs: 900 * SECOND,
  forgetMs: HOUR,
  maxSubjects: 10_000,
});

/** Bits of an IPv6 address that one customer of a network has: the rest is theirs to choose. */
const IPV6_PREFIX_BITS = 64;

const login = z.object({
  username: z.string().max(320),
  password: z.string().max(1_000),
  peer_ip: z.string().refine((text) => ipaddr.isValid(text), "must be an IP address"),
  tls: z.boolean(),
});

const verdict = z.object({
  credential_id: z.string(),
  max_size: z.int(),
  mail_class: z.enum(MAIL_CLASSES).nullable(),
  require_tls: z.boolean(),
});

/** The verdict on a user. */
export const auth = endpoint({
  method: "POST",
  path: "/smtp/auth",
  summary: "Whether an SMTP user may log in",
  scope: "send",
  request: { body: login },
  response: { 200: dataOf(verdict) },
  problems: ["invalid_credentials", "tls_required", "too_many_attempts"],
  async handle(app, { body }) {
    const now = app.now();
    const username = body.username.toLowerCase();
    const peer = networkOf(body.peer_ip);
    const wait = Math.max(byUsername.wait(username, now), byPeer.wait(peer, now));
    if (wait > 0) {
      return fail({ kind: "too_many_attempts", retryAfterSeconds: Math.ceil(wait / SECOND) });
    }
    const credential = await logIn(app, body);
    if (!credential) {
      byUsername.failed(username, now);
      byPeer.failed(peer, now);
      return fail({ kind: "invalid_credentials", reason: "the user name or password is wrong" });
    }
    byUsername.forgive(username);
    if (credential.requireTls && !body.tls) return fail({ kind: "tls_required" });
    return ok(
      one({
        credential_id: credential.id,
        max_size: MAX_BODY_BYTES,
        mail_class: credential.mailClass,
        require_tls: credential.requireTls,
      }),
    );
  },
});

/** What counts as one peer: an IPv4 address, or an IPv6 network. */
function networkOf(address: string): string {
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return parsed.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${IPV6_PREFIX_BITS}`).toString();
}
