// check_host() of RFC 7208: may this address send for this domain? Asks DNS through a port, within the
// limits of §4.6.4; knows no clock, no cache and no database.
import type { RecordType } from "../lib/doh.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { type Client, dottedAddress, parseClient, reverseName, within } from "./client.ts";
import { type Dns, findSpf, type Stop } from "./spf-find.ts";
import { expand, expandDomain, macroFault, type MacroValues } from "./spf-macro.ts";
import type { Mechanism, Qualifier } from "./spf-record.ts";

/** Terms that ask DNS, and answers that were empty, in one evaluation (§4.6.4). */
export const MAX_LOOKUPS = 10;
export const MAX_VOID_LOOKUPS = 2;

/** Names of an MX or PTR answer that are followed (§4.6.4). */
const MAX_NAMES = 10;

/** Who sends (§4.1). */
export type SpfQuestion = {
  /** The client's IPv4 or IPv6 address. */
  readonly ip: string;
  readonly domain: string;
  /** MAIL FROM, local-part@domain. */
  readonly sender: string;
  readonly helo: string;
  /** Epoch seconds and the name of who asks; explanations may show them. */
  readonly now: number;
  readonly receiver: string;
};

/** Results of §2.6. */
export type SpfResult =
  | "none"
  | "neutral"
  | "pass"
  | "fail"
  | "softfail"
  | "temperror"
  | "permerror";

/** What an evaluation came to. */
export type SpfOutcome = {
  readonly result: SpfResult;
  /** The mechanism that matched, as written; null when none did. */
  readonly mechanism: string | null;
  /** What is wrong with the record, "" for other results. */
  readonly problem: string;
  /** Terms that asked DNS until the evaluation ended. */
  readonly lookups: number;
  /** The domain's explanation of a fail (§6.2), or null. */
  readonly explanation: string | null;
};

type Verdict = {
  readonly result: SpfResult;
  readonly mechanism: string | null;
  readonly problem: string;
};
type Session = {
  readonly question: SpfQuestion;
  readonly client: Client;
  readonly dns: Dns;
  lookups: number;
  voids: number;
  /** The explanation of the record that failed, and its domain. */
  explanation: { readonly exp: string; readonly domain: string } | null;
};

/** Evaluates the record of a domain for a client. Throws when `ip` is no address. */
export async function checkHost(question: SpfQuestion, dns: Dns): Promise<SpfOutcome> {
  const client = parseClient(question.ip);
  const session: Session = { question, client, dns, lookups: 0, voids: 0, explanation: null };
  const verdict = await evaluate(session, question.domain);
  const explanation = verdict.result === "fail" ? await explain(session) : null;
  return { ...verdict, lookups: session.lookups, explanation };
}

async function evaluate(session: Session, domain: string): Promise<Verdict> {
  const found = await findSpf(session.dns, domain);
  if (!found.ok) return { ...found.error, mechanism: null };
  const { record } = found.value;
  for (const mechanism of record.mechanisms) {
    const matched = await matches(session, mechanism, domain);
    if (!matched.ok) return { ...matched.error, mechanism: null };
    if (!matched.value) continue;
    const result = RESULTS[mechanism.qualifier];
    if (result === "fail") {
      session.explanation = record.exp === null ? null : { exp: record.exp, domain };
    }
    return { result, mechanism: mechanism.text, problem: "" };
  }
  if (record.redirect === null) return { result: "neutral", mechanism: null, problem: "" };
  return redirect(session, record.redirect, domain);
}

const RESULTS = {
  "+": "pass",
  "-": "fail",
  "~": "softfail",
  "?": "neutral",
} as const satisfies Readonly<Record<Qualifier, SpfResult>>;

/** §6.1: the other domain's record instead of this one; it must have one. */
async function redirect(session: Session, spec: string, domain: string): Promise<Verdict> {
  const counted = count(session);
  if (!counted.ok) return { ...counted.error, mechanism: null };
  const target = await expanded(session, spec, domain);
  const verdict = await evaluate(session, target);
  return verdict.result === "none" ? { ...verdict, result: "permerror" } : verdict;
}

async function matches(
  session: Session,
  mechanism: Mechanism,
  domain: string,
): Promise<Result<boolean, Stop>> {
  switch (mechanism.name) {
    case "all":
      return ok(true);
    case "ip4":
    case "ip6":
      return ok(within(session.client, mechanism.network, mechanism.bits));
    case "include":
    case "exists":
    case "a":
    case "mx":
    case "ptr": {
      const counted = count(session);
      if (!counted.ok) return counted;
      const { domain: spec } = mechanism;
      const target = spec === null ? domain : await expanded(session, spec, domain);
      return matchesByDns(session, mechanism, target);
    }
  }
}

type Asking = Extract<Mechanism, { name: "include" | "exists" | "a" | "mx" | "ptr" }>;

async function matchesByDns(
  session: Session,
  mechanism: Asking,
  target: string,
): Promise<Result<boolean, Stop>> {
  switch (mechanism.name) {
    case "include":
      return included(session, target);
    case "exists": {
      const found = await ask(session, target, "A");
      return found.ok ? ok(found.value.length > 0) : found;
    }
    case "a":
      return addressMatches(session, target, mechanism);
    case "mx":
      return exchangeMatches(session, target, mechanism);
    case "ptr": {
      const names = await validatedNames(session);
      return ok(names.some((name) => isBelow(name, target)));
    }
  }
}

/** §5.2: only a pass of the other record matches; its errors are ours. */
async function included(session: Session, target: string): Promise<Result<boolean, Stop>> {
  const { result, problem } = await evaluate(session, target);
  switch (result) {
    case "pass":
      return ok(true);
    case "fail":
    case "softfail":
    case "neutral":
      session.explanation = null;
      return ok(false);
    case "temperror":
    case "permerror":
      return fail({ result, problem });
    case "none":
      return fail({ result: "permerror", problem });
  }
}

type Prefixes = { readonly four: number; readonly six: number };

async function addressMatches(
  session: Session,
  name: string,
  prefixes: Prefixes,
): Promise<Result<boolean, Stop>> {
  const addresses = await ask(session, name, addressType(session));
  if (!addresses.ok) return addresses;
  const bits = session.client.kind() === "ipv4" ? prefixes.four : prefixes.six;
  return ok(addresses.value.some((address) => within(session.client, address, bits)));
}

async function exchangeMatches(
  session: Session,
  name: string,
  prefixes: Prefixes,
): Promise<Result<boolean, Stop>> {
  const exchanges = await ask(session, name, "MX");
  if (!exchanges.ok) return exchanges;
  if (exchanges.value.length > MAX_NAMES) {
    const problem = `${name} has more than ${MAX_NAMES} MX records`;
    return fail({ result: "permerror", problem });
  }
  for (const exchange of exchanges.value) {
    const host = exchange.slice(exchange.indexOf(" ") + 1);
    const matched = host === "" ? ok(false) : await addressMatches(session, host, prefixes);
    if (!matched.ok || matched.value) return matched;
  }
  return ok(false);
}

/** Names of the client's address that lead back to it (§5.5); an answer that fails counts as none. */
async function validatedNames(session: Session): Promise<readonly string[]> {
  const names = await session.dns(reverseName(session.client), "PTR");
  if (!names.ok) return [];
  const validated: string[] = [];
  for (const name of names.value.slice(0, MAX_NAMES)) {
    const addresses = await session.dns(name, addressType(session));
    if (addresses.ok && addresses.value.some((one) => within(session.client, one, 128))) {
      validated.push(name.toLowerCase());
    }
  }
  return validated;
}

function isBelow(name: string, domain: string): boolean {
  const wanted = domain.toLowerCase();
  return name === wanted || name.endsWith(`.${wanted}`);
}

/** Counts a term that asks DNS. */
function count(session: Session): Result<void, Stop> {
  session.lookups += 1;
  if (session.lookups <= MAX_LOOKUPS) return ok(undefined);
  return fail({ result: "permerror", problem: `more than ${MAX_LOOKUPS} terms ask DNS` });
}

/** Asks DNS and counts answers that are empty. */
async function ask(
  session: Session,
  name: string,
  type: RecordType,
): Promise<Result<readonly string[], Stop>> {
  const answer = await session.dns(name, type);
  if (!answer.ok) return fail({ result: "temperror", problem: answer.error });
  if (answer.value.length > 0) return ok(answer.value);
  session.voids += 1;
  if (session.voids <= MAX_VOID_LOOKUPS) return ok([]);
  const problem = `more than ${MAX_VOID_LOOKUPS} names that the record asks for do not exist`;
  return fail({ result: "permerror", problem });
}

/** §6.2; an explanation that cannot be had is none. */
async function explain(session: Session): Promise<string | null> {
  if (session.explanation === null) return null;
  const { exp, domain } = session.explanation;
  const answer = await session.dns(await expanded(session, exp, domain), "TXT");
  const [text] = answer.ok ? answer.value : [];
  if (text === undefined || macroFault(text, "explanation") !== null) return null;
  return expand(text, await valuesOf(session, domain, text));
}

async function expanded(session: Session, spec: string, domain: string): Promise<string> {
  return expandDomain(spec, await valuesOf(session, domain, spec));
}

/** The name of the client's address is looked for only where a macro wants it. */
async function valuesOf(session: Session, domain: string, spec: string): Promise<MacroValues> {
  const { client, question } = session;
  const names = /%\{p/i.test(spec) ? await validatedNames(session) : [];
  const own = names.find((name) => name === domain.toLowerCase());
  const below = names.find((name) => isBelow(name, domain));
  return {
    sender: question.sender,
    domain,
    dottedIp: dottedAddress(client),
    readableIp: client.toString(),
    family: client.kind() === "ipv4" ? "in-addr" : "ip6",
    helo: question.helo,
    validated: own ?? below ?? names[0] ?? "unknown",
    receiver: question.receiver,
    now: question.now,
  };
}

function addressType({ client }: Session): "A" | "AAAA" {
  return client.kind() === "ipv4" ? "A" : "AAAA";
}
