// DNS over HTTPS, JSON form (the resolver is DOH_URL): records of one type of a name, and the addresses
// of a name, so that they can be judged before anything connects to it.
import * as z from "zod";
import { readUpTo } from "./bounded-body.ts";
import { fromUtf8 } from "./bytes.ts";
import { reasonOf } from "./log.ts";
import { fail, ok, type Result } from "./result.ts";

/** What resolving needs of the world; App has it. */
export type DnsWorld = {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly config: { readonly dohUrl: string };
};

/** `no_address`: the name has none. `unavailable`: nobody could tell; ask again later. */
export type DnsFailure = { readonly kind: "no_address" | "unavailable"; readonly reason: string };

/** Record types, RFC 1035 §3.2.2 and RFC 3596 §2.1. */
const TYPES = { A: 1, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28 } as const;
export type RecordType = keyof typeof TYPES;

/** The records of a name, as texts; empty when there are none. The failure says why nobody could tell. */
export type DnsAnswer = Result<readonly string[], string>;

/** A resolver answers in milliseconds; one that needs longer counts as failing. */
const DEADLINE_MS = 3_000;

/** A full answer of the largest DNS message (64 KB) in JSON stays below this. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Response codes, RFC 1035 §4.1.1. */
const NOERROR = 0;
const NXDOMAIN = 3;

const answerSchema = z.object({
  Status: z.number().int(),
  Answer: z.array(z.object({ type: z.number().int(), data: z.string() })).optional(),
});

/** Every A and AAAA address of a name, those behind its CNAMEs included. Never an empty list. */
export async function resolveAddresses(
  world: DnsWorld,
  name: string,
): Promise<Result<readonly string[], DnsFailure>> {
  const answers = await Promise.all([lookUp(world, name, "A"), lookUp(world, name, "AAAA")]);
  const failed = answers.find((answer) => !answer.ok);
  if (failed && !failed.ok) return fail({ kind: "unavailable", reason: failed.error });
  const addresses = answers.flatMap((answer) => (answer.ok ? answer.value : []));
  if (addresses.length === 0) {
    return fail({ kind: "no_address", reason: `${name} has no address in DNS` });
  }
  return ok(addresses);
}

/**
 * The records of one type, those behind CNAMEs included: addresses, host names without a dot at the end,
 * `<preference> <host>` for MX, the joined character-strings of TXT (RFC 7208 §3.3).
 */
export async function lookUp(
  world: DnsWorld,
  name: string,
  type: RecordType,
  patience?: AbortSignal,
): Promise<DnsAnswer> {
  const url = new URL(world.config.dohUrl);
  url.searchParams.set("name", name);
  url.searchParams.set("type", type);
  const own = AbortSignal.timeout(DEADLINE_MS);
  const deadline = patience ? AbortSignal.any([own, patience]) : own;
  const unavailable = (reason: string) => fail(`${name} could not be resolved: ${reason}`);
  try {
    const request = new Request(url, {
      headers: { accept: "application/dns-json" },
      redirect: "manual",
      signal: deadline,
    });
    const response = await world.fetch(request);
    const text = fromUtf8(await readUpTo(response.body, MAX_ANSWER_BYTES, deadline));
    if (response.status !== 200) return unavailable(`the resolver answered ${response.status}`);
    const answer = answerSchema.parse(JSON.parse(text));
    if (answer.Status === NXDOMAIN) return ok([]);
    if (answer.Status !== NOERROR) return unavailable(`DNS response code ${answer.Status}`);
    const records = (answer.Answer ?? []).filter((record) => record.type === TYPES[type]);
    return ok(records.map((record) => textOf(type, record.data)));
  } catch (error) {
    return unavailable(deadline.aborted ? "the resolver did not answer in time" : reasonOf(error));
  }
}

function textOf(type: RecordType, data: string): string {
  switch (type) {
    case "TXT":
      return joinedStrings(data);
    case "CNAME":
    case "MX":
    case "PTR":
      return data.replace(/\.$/, "");
    case "A":
    case "AAAA":
      return data;
  }
}

/** Presentation format (RFC 1035 §5.1): quoted strings with `\"`, `\\` and `\ddd`; some resolvers leave the quotes out. */
function joinedStrings(data: string): string {
  if (!data.startsWith('"')) return data;
  const strings = data.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  const unquoted = strings.map((quoted) => quoted.slice(1, -1)).join("");
  return unquoted.replace(/\\(\d{3}|.)/g, (_all, escaped: string) =>
    escaped.length === 3 ? String.fromCharCode(Number(escaped) & 0xff) : escaped,
  );
}
