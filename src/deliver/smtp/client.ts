// Opens a session with a relay: connect, greeting, EHLO or HELO, TLS as required, login. Says nothing
// about any message: whatever fails here makes the relay unusable, for now, for all of them.
import { fail, ok } from "../../lib/result.ts";
import type { Result } from "../../lib/result.ts";
import { authenticate } from "./auth.ts";
import { NO_CAPABILITIES, capabilitiesOf } from "./capabilities.ts";
import type { Capabilities } from "./capabilities.ts";
import { replyText } from "./reply.ts";
import { SmtpSession } from "./session.ts";
import type { Deadlines, Dial, Ending, RelayLogin, Reply } from "./transaction.ts";
import { Watch } from "./watch.ts";
import { Wire } from "./wire.ts";

/** The relay could not be used at all. */
export type Unusable = Extract<Ending, { kind: "unusable" }>;

type Step = Unusable["step"];
/** What the steps share while a session is being opened. */
type Opening = {
  readonly wire: Wire;
  readonly relay: RelayLogin;
  readonly deadlines: Deadlines;
  readonly ehloName: string;
};

// Our own configuration, yet it becomes an argument of a command: no spaces, no controls.
const EHLO_NAME = /^[!-~]{1,255}$/u;

/**
 * Opens a session that is ready for MAIL, or says which step failed and why. With mode `starttls` no
 * login and no envelope leaves before TLS stands; credentials never leave in clear and never appear
 * in the reason.
 */
export async function openSession(
  dial: Dial,
  relay: RelayLogin,
  deadlines: Deadlines,
  ehloName: string,
): Promise<Result<SmtpSession, Unusable>> {
  if (!EHLO_NAME.test(ehloName)) return unusable("ehlo", "the EHLO name cannot be sent");
  const wire = await connect(dial, relay, deadlines);
  if (!wire.ok) return wire;
  const opening: Opening = { wire: wire.value, relay, deadlines, ehloName };
  const ready = await introduce(opening);
  if (ready.ok) return ok(new SmtpSession(wire.value, ready.value, deadlines));
  wire.value.close();
  return ready;
}

async function connect(
  dial: Dial,
  relay: RelayLogin,
  deadlines: Deadlines,
): Promise<Result<Wire, Unusable>> {
  const implicit = relay.tls === "implicit";
  const watch = new Watch();
  try {
    const secure = implicit ? "on" : "starttls";
    const stream = dial({ host: relay.host, port: relay.port, secure });
    const opened = await watch.within(deadlines.connect, stream.opened.then(yes, no));
    if (opened.ok) return ok(new Wire(stream, implicit ? "tls" : "plain", watch));
    watch.end();
    stream.close();
    return unusable("connect", opened.error);
  } catch (error) {
    // The platform throws for addresses that it will not even try.
    return unusable("connect", words(error));
  }
}

async function introduce(opening: Opening): Promise<Result<Capabilities, Unusable>> {
  const { wire, relay, deadlines } = opening;
  const greeting = await wire.replyWithin(deadlines.greeting);
  if (!greeting.ok) return unusable("greeting", greeting.error);
  if (greeting.value.code !== 220) return refused("greeting", greeting.value);
  const first = await hello(opening);
  if (!first.ok) return first;
  const can = await protect(opening, first.value);
  if (!can.ok) return can;
  const login = await authenticate(wire, relay, can.value, deadlines.command);
  if (!login.ok) return fail({ kind: "unusable", step: "auth", ...login.error });
  return can;
}

/** EHLO, or HELO when the relay does not know EHLO (RFC 5321 §3.2). */
async function hello(opening: Opening): Promise<Result<Capabilities, Unusable>> {
  const ehlo = await ask(opening, "ehlo", `EHLO ${opening.ehloName}`);
  if (!ehlo.ok) return ehlo;
  if (ehlo.value.code === 250) return ok(capabilitiesOf(ehlo.value));
  if (ehlo.value.code < 500) return refused("ehlo", ehlo.value);
  const helo = await ask(opening, "ehlo", `HELO ${opening.ehloName}`);
  if (!helo.ok) return helo;
  return helo.value.code === 250 ? ok(NO_CAPABILITIES) : refused("ehlo", helo.value);
}

/** STARTTLS where the mode or the relay asks for it; EHLO again after it (RFC 3207 §4.2). */
async function protect(
  opening: Opening,
  can: Capabilities,
): Promise<Result<Capabilities, Unusable>> {
  const { wire, relay, deadlines } = opening;
  const required = relay.tls === "starttls";
  if (wire.tls || (!can.startTls && !required)) return ok(can);
  if (!can.startTls) return unusable("starttls", "the relay does not offer STARTTLS");
  const reply = await ask(opening, "starttls", "STARTTLS");
  if (!reply.ok) return reply;
  if (reply.value.code !== 220) {
    const goOn = !required && reply.value.code >= 400 && reply.value.code !== 421;
    return goOn ? ok(can) : refused("starttls", reply.value);
  }
  const secured = await wire.startTls(deadlines.tls);
  if (!secured.ok) return unusable("starttls", secured.error);
  return await hello(opening);
}

async function ask(
  opening: Opening,
  step: Step,
  command: string,
): Promise<Result<Reply, Unusable>> {
  const { wire, deadlines } = opening;
  // A reply before its command would answer the wrong one from here on.
  const unasked = wire.pending ? "the relay spoke out of turn" : null;
  if (unasked !== null) return unusable(step, unasked);
  const bytes = new TextEncoder().encode(`${command}\r\n`);
  const written = await wire.write(bytes, deadlines.command);
  const reply = written.ok ? await wire.replyWithin(deadlines.command) : written;
  return reply.ok ? reply : unusable(step, reply.error);
}

function refused(step: Step, reply: Reply): Result<never, Unusable> {
  return fail({ kind: "unusable", step, reply, reason: `answered ${replyText(reply)}` });
}

function unusable(step: Step, reason: string): Result<never, Unusable> {
  return fail({ kind: "unusable", step, reply: null, reason });
}

function yes(): Result<null, string> {
  return ok(null);
}

function no(error: unknown): Result<null, string> {
  return fail(words(error));
}

function words(error: unknown): string {
  return `could not connect: ${error instanceof Error ? error.message : String(error)}`;
}
