// Resolves a name through DNS over HTTPS, JSON form (the resolver is DOH_URL), so that its addresses
// can be judged before anything connects to it.
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

/** A resolver answers in milliseconds; one that needs longer counts as failing. */
const DEADLINE_MS = 3_000;

/** A full answer of the largest DNS message (64 KB) in JSON stays below this. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Record types, RFC 1035 §3.2.2 and RFC 3596 §2.1. */
const TYPES = { A: 1, AAAA: 28 } as const;

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
  const [four, six] = await Promise.all([query(world, name, "A"), query(world, name, "AAAA")]);
  if (!four.ok) return four;
  if (!six.ok) return six;
  const addresses = [...four.value, ...six.value];
  if (addresses.length === 0) {
    return fail({ kind: "no_address", reason: `${name} has no address in DNS` });
  }
  return ok(addresses);
}

async function query(
  world: DnsWorld,
  name: string,
  type: keyof typeof TYPES,
): Promise<Result<readonly string[], DnsFailure>> {
  const url = new URL(world.config.dohUrl);
  url.searchParams.set("name", name);
  url.searchParams.set("type", type);
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const unavailable = (reason: string) =>
    fail<DnsFailure>({ kind: "unavailable", reason: `${name} could not be resolved: ${reason}` });
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
    return ok(records.map((record) => record.data));
  } catch (error) {
    return unavailable(deadline.aborted ? "the resolver did not answer in time" : reasonOf(error));
  }
}
