// Logs in to a relay: AUTH PLAIN (RFC 4616) or LOGIN. Never in clear, unless the relay is a loopback
// one in local development. What the relay says is scrubbed of the credentials before anybody sees it.
import { fail, ok } from "../../lib/result.ts";
import type { Result } from "../../lib/result.ts";
import type { Capabilities } from "./capabilities.ts";
import type { RelayLogin, Reply } from "./transaction.ts";
import type { Wire } from "./wire.ts";

/** Why the login failed: the relay's reply, or words when there is none. */
export type AuthProblem = { readonly reply: Reply | null; readonly reason: string };

/** Logs in if the relay has a username; `ms` is the deadline for each reply. */
export async function authenticate(
  wire: Wire,
  relay: RelayLogin,
  can: Capabilities,
  ms: number,
): Promise<Result<null, AuthProblem>> {
  if (relay.username === null) return ok(null);
  if (!wire.tls && !relay.allowCleartextAuth) {
    return problem("the connection is not encrypted: the password was not sent");
  }
  const password = relay.password ?? "";
  if (`${relay.username}${password}`.includes("\0")) {
    return problem("a username or password with a NUL cannot be sent");
  }
  const exchange = can.auth.includes("PLAIN")
    ? plain(relay.username, password)
    : can.auth.includes("LOGIN")
      ? login(relay.username, password)
      : null;
  // To go on without a login would only move the refusal to MAIL, where it looks like a bad message.
  if (exchange === null) return problem("the relay offers neither AUTH PLAIN nor AUTH LOGIN");
  const secrets = [password, base64(password), ...exchange.slice(1), exchange[0]?.split(" ")[2]];
  for (const [turn, line] of exchange.entries()) {
    const wanted = turn === exchange.length - 1 ? 235 : 334;
    const reply = await ask(wire, line, ms);
    if (!reply.ok) return problem(reply.error);
    if (reply.value.code === wanted) continue;
    const scrubbed = scrub(reply.value, secrets);
    return fail({ reply: scrubbed, reason: `AUTH was answered ${reply.value.code}` });
  }
  return ok(null);
}

/** One line with an initial response (RFC 4954 §4). */
function plain(username: string, password: string): readonly string[] {
  return [`AUTH PLAIN ${base64(`\0${username}\0${password}`)}`];
}

function login(username: string, password: string): readonly string[] {
  return ["AUTH LOGIN", base64(username), base64(password)];
}

async function ask(wire: Wire, line: string, ms: number): Promise<Result<Reply, string>> {
  const written = await wire.write(new TextEncoder().encode(`${line}\r\n`), ms);
  return written.ok ? await wire.replyWithin(ms) : written;
}

/** Some relays repeat the line that they did not like; it would end up in an event. */
function scrub(reply: Reply, secrets: readonly (string | undefined)[]): Reply {
  // The longest first: a secret may be a part of another one.
  const found = secrets.toSorted((a, b) => (b?.length ?? 0) - (a?.length ?? 0));
  const clean = (line: string): string =>
    found.reduce<string>(
      (text, secret) => (secret ? text.replaceAll(secret, "[redacted]") : text),
      line,
    );
  return { ...reply, lines: reply.lines.map(clean) };
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function problem(reason: string): Result<null, AuthProblem> {
  return fail({ reply: null, reason });
}
