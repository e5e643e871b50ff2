// Which hosts may be connected to on a customer's word (webhook URLs, relay hosts): the guard against
// server-side request forgery. Asked when a target is saved and again before each use, because a name
// may lead elsewhere by then. Anything that is not certainly public is refused.
import { type DnsWorld, resolveAddresses } from "./doh.ts";
import { addressKind } from "./address-kind.ts";
import { fail, ok, type Result } from "./result.ts";

/** What judging needs of the world; App has it. */
export type TargetWorld = DnsWorld & {
  readonly config: { readonly localDev: boolean; readonly ownHosts: readonly string[] };
};

/**
 * Why a target may not be called now. `forbidden`: never, as it stands; `no_address` and
 * `dns_unavailable`: its name did not resolve, which may change, so a use of it is tried again later.
 */
export type TargetRefusal = {
  readonly kind: "forbidden" | "no_address" | "dns_unavailable";
  readonly reason: string;
};

type Judged = Result<void, TargetRefusal>;

/** Longer URLs are of no use to a receiver. */
const MAX_URL_LENGTH = 2_048;

/** RFC 1035 §2.3.4. */
const MAX_NAME_LENGTH = 253;

/** Below are the ports of system services; a web server that is not on 80 or 443 is above. */
const FIRST_USER_PORT = 1_024;

/** Submissions, submission and its common substitute: the ports that relays for Workers listen on. */
const RELAY_PORTS: readonly number[] = [465, 587, 2525];

/**
 * Ports from 1024 that speak something else than HTTP and obey or reveal something when they are
 * spoken to: proxies, databases, caches, queues, cluster and remote control, mail and chat.
 */
const SERVICE_PORTS: ReadonlySet<number> = new Set([
  1080, 1099, 1433, 1434, 1521, 1723, 1883, 2049, 2181, 2375, 2376, 2377, 2379, 2380, 2525, 3128,
  3268, 3269, 3306, 3389, 3690, 4190, 4369, 5038, 5060, 5061, 5222, 5269, 5432, 5433, 5601, 5671,
  5672, 5900, 5901, 5984, 5985, 5986, 6000, 6001, 6379, 6380, 6432, 6443, 6660, 6661, 6662, 6663,
  6664, 6665, 6666, 6667, 6668, 6669, 6697, 7000, 7001, 7077, 7199, 7473, 7474, 7687, 8125, 8300,
  8301, 8302, 8332, 8333, 8500, 8501, 8600, 9000, 9042, 9092, 9093, 9100, 9160, 9200, 9300, 9418,
  10000, 10050, 10051, 10250, 10255, 10256, 11211, 11214, 11215, 15672, 16379, 25565, 26257, 26379,
  27017, 27018, 27019, 28015, 28017, 33060, 50000, 50070, 61613, 61616,
]);

/** Names that never lead to the public Internet (RFC 6761, 6762, 8375, 9476 and common practice). */
const PRIVATE_SUFFIXES: readonly string[] = [
  "localhost",
  "localdomain",
  "local",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "arpa",
  "alt",
  "onion",
];

/** Judges a webhook URL: scheme, user-info, port, host, and every address its name has now. */
export async function checkUrl(world: TargetWorld, text: string): Promise<Judged> {
  if (text.length > MAX_URL_LENGTH)
    return forbidden(`the URL is longer than ${MAX_URL_LENGTH} characters`);
  // A URL parser drops tabs and line breaks silently: what was checked must be what was written.
  if (/[\s\p{Cc}\\]/u.test(text)) return forbidden("the URL contains white space or a backslash");
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url) return forbidden("this is not a URL");
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return forbidden("the URL must start with https:// or http://");
  }
  if (url.username !== "" || url.password !== "") {
    return forbidden("the URL must not contain a user name or password");
  }
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  return checkHost(world, url.hostname, { port, allowed: isWebPort(port), ports: WEB_PORTS });
}

/** Judges a relay: its port (465, 587, 2525), its host, and every address its name has now. */
export async function checkRelayHost(
  world: TargetWorld,
  relay: { readonly host: string; readonly port: number },
): Promise<Result<void, string>> {
  const judged = await judgeRelay(world, relay);
  return judged.ok ? judged : fail(judged.error.reason);
}

async function judgeRelay(
  world: TargetWorld,
  relay: { readonly host: string; readonly port: number },
): Promise<Judged> {
  if (!/^[0-9A-Za-z.:-]+$/.test(relay.host)) {
    return forbidden("the host must be a name in ASCII or an IP address");
  }
  const bracketed = relay.host.includes(":") ? `[${relay.host}]` : relay.host;
  const text = `http://${bracketed}/`;
  const hostname = URL.canParse(text) ? new URL(text).hostname : "";
  if (hostname === "") return forbidden("this is not a host name or an IP address");
  const { port } = relay;
  const allowed = RELAY_PORTS.includes(port);
  return checkHost(world, hostname, { port, allowed, ports: "465, 587 or 2525" });
}

const WEB_PORTS = "80, 443 or a port from 1024 that no other service is known for";

function isWebPort(port: number): boolean {
  return port === 80 || port === 443 || (port >= FIRST_USER_PORT && !SERVICE_PORTS.has(port));
}

type PortRule = { readonly port: number; readonly allowed: boolean; readonly ports: string };

async function checkHost(world: TargetWorld, hostname: string, rule: PortRule): Promise<Judged> {
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const kind = addressKind(host);
  if (world.config.localDev && (kind === "loopback" || host === "localhost")) {
    const usable = rule.port >= FIRST_USER_PORT && rule.port <= 65_535;
    return usable ? ok(undefined) : forbidden("on this machine the port must be 1024 or higher");
  }
  if (!rule.allowed) return forbidden(`port ${rule.port} is refused; it must be ${rule.ports}`);
  if (kind !== null) return kind === "public" ? ok(undefined) : notPublic(host);
  const refused = refusedName(host, world.config.ownHosts);
  if (refused !== null) return forbidden(refused);
  const resolved = await resolveAddresses(world, host);
  if (!resolved.ok) {
    const { kind, reason } = resolved.error;
    return fail({ kind: kind === "unavailable" ? "dns_unavailable" : kind, reason });
  }
  const bad = resolved.value.find((address) => addressKind(address) !== "public");
  return bad === undefined ? ok(undefined) : notPublic(host);
}

/** What is wrong with a host name, or null. */
function refusedName(host: string, ownHosts: readonly string[]): string | null {
  const labels = host.split(".");
  const last = labels.at(-1) ?? "";
  if (host === "" || host.length > MAX_NAME_LENGTH || labels.includes("")) {
    return "this is not a valid host name";
  }
  if (PRIVATE_SUFFIXES.includes(last)) return "the host name is not one of the public Internet";
  if (ownHosts.includes(host)) return "the host is this Worker itself";
  if (labels.length === 1) return "the host name must be a full one, such as hooks.example.com";
  return null;
}

/** Does not say which address it was: the answer must not map somebody's network. */
function notPublic(host: string): Judged {
  return forbidden(`${host} leads to an address that is not on the public Internet`);
}

function forbidden(reason: string): Judged {
  return fail({ kind: "forbidden", reason });
}
