// The deployment's variables and secrets, parsed once. A wrong one stops the Worker with its name.
import * as z from "zod";
import { fromBase64 } from "../lib/bytes.ts";
import { parseDomain } from "./address.ts";
import type { RelayLogin } from "../deliver/smtp/transaction.ts";

/** D1 holds 10 GB and never shrinks (platform limit). */
const D1_CAPACITY_BYTES = 10_000_000_000;

/** Where Cloudflare's Email Routing takes mail (its documentation names these three). */
const EMAIL_ROUTING: readonly string[] = [
  "route1.mx.cloudflare.net",
  "route2.mx.cloudflare.net",
  "route3.mx.cloudflare.net",
];

const LOOPBACK_HOSTS: readonly string[] = ["127.0.0.1", "[::1]", "localhost"];

const schema = z.object({
  /** Secret: 32 random bytes, base64. Encrypts relay passwords and webhook secrets at rest. */
  ENCRYPTION_KEY: z.string().min(1),
  /** Secret: the default relay, `smtps://user:pass@host:465` or `smtp://user:pass@host:587`. */
  RELAY_URL: z.string().optional(),
  /** DNS over HTTPS (JSON) that names are resolved with before they are called. */
  DOH_URL: z.url(),
  /** `true` only by `npm start` and tests: relays and webhooks may then be on loopback. */
  LOCAL_DEV: z.enum(["true", "false"]).default("false"),
  /** The name given in EHLO (RFC 5321 §4.1.1.1): a domain name or an address literal. */
  EHLO_NAME: z
    .string()
    .regex(/^(\[[0-9a-fA-F.:]+\]|[0-9A-Za-z.-]{1,255})$/)
    .default("[127.0.0.1]"),
  /** Host names that this Worker answers on, separated by commas: mail and webhooks must not call it. */
  OWN_HOSTS: z.string().default(""),
  /** Origin of this Worker, such as `https://mail.example.com`; links of mail lead here. None: no tracking. */
  PUBLIC_URL: z.string().transform(parseOrigin).optional(),
  /** Secret: keys of link tokens, `id:base64,…`; the first signs, all verify. None: derived. */
  LINK_KEYS: z.string().transform(parseSecrets).optional(),
  /** Secret: what SMTP gateways say who they are with, `id:base64,…`. None: `/internal/*` does not exist. */
  GATEWAY_SECRETS: z.string().transform(parseSecrets).optional(),
  /** Where mail programs sign in: `smtp://smtp.example.com:587` (STARTTLS) or `smtps://…:465`. None: nobody knows. */
  SMTP_GATEWAY: z.string().optional(),
  /** What this account is called in Feedback-ID: letters, digits and hyphens. */
  ACCOUNT_NAME: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be a short name such as acme")
    .default("edgepost"),
  /** SPF mechanisms that domains publish, separated by spaces. None: made from the relays. */
  SPF_MECHANISMS: z.string().transform(parseMechanisms).optional(),
  /** Mail servers that take bounces for this Worker, separated by commas. */
  INBOUND_MX: z.string().transform(parseHosts).default(EMAIL_ROUTING),
  /** `true` after a restore: mail is accepted, and nothing is delivered. */
  DELIVERY_HOLD: z.enum(["true", "false"]).default("false"),
  /** Bytes that the database may hold; lower it to be warned earlier. */
  DATABASE_CAPACITY_BYTES: z.coerce.number().int().positive().default(D1_CAPACITY_BYTES),
  /** Fault builds only: which barrier stops, and where the harness listens. */
  FAULT_PLAN: z.string().optional(),
});

/** A secret of several, so that one can follow another: link tokens are signed with it and name its id. */
export type NamedSecret = { readonly id: string; readonly secret: Uint8Array<ArrayBuffer> };

/** Where mail programs send through. */
export type SmtpGateway = Pick<RelayLogin, "host" | "port" | "tls">;

/** What the Worker was configured with. */
export type Config = {
  readonly encryptionKey: string;
  readonly defaultRelay: RelayLogin | null;
  readonly dohUrl: string;
  readonly localDev: boolean;
  readonly ehloName: string;
  /** Lower case. */
  readonly ownHosts: readonly string[];
  /** Where links of mail lead, without a slash at the end; null: nothing is tracked. */
  readonly publicUrl: string | null;
  /** The first signs, all verify; empty when the key is derived from the encryption key. */
  readonly linkKeys: readonly NamedSecret[];
  /** Any of them opens `/internal/*`; empty: nobody's does. */
  readonly gatewaySecrets: readonly NamedSecret[];
  /** The SMTP gateway as people are told to reach it, or null. */
  readonly smtpGateway: SmtpGateway | null;
  readonly accountName: string;
  /** What SPF records of sender domains name, or null: made from the relays. */
  readonly spfMechanisms: readonly string[] | null;
  /** Mail servers that take bounces, in their order. */
  readonly inboundExchanges: readonly string[];
  /** Nothing leaves. */
  readonly deliveryHold: boolean;
  readonly databaseCapacityBytes: number;
  readonly faultPlan: { readonly url: string; readonly at: string } | null;
};

/** Parses the environment; throws an Error that names the variable and what it should be. */
export function parseConfig(env: Readonly<Record<string, unknown>>): Config {
  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    throw new Error(`configuration: ${z.prettifyError(parsed.error)}`);
  }
  const vars = parsed.data;
  const localDev = vars.LOCAL_DEV === "true";
  return {
    encryptionKey: vars.ENCRYPTION_KEY,
    defaultRelay: vars.RELAY_URL ? parseRelayUrl(vars.RELAY_URL, localDev) : null,
    dohUrl: vars.DOH_URL,
    localDev,
    ehloName: vars.EHLO_NAME,
    ownHosts: vars.OWN_HOSTS.toLowerCase()
      .split(/[\s,]+/)
      .filter((host) => host !== ""),
    publicUrl: vars.PUBLIC_URL || null,
    linkKeys: vars.LINK_KEYS ?? [],
    gatewaySecrets: vars.GATEWAY_SECRETS ?? [],
    smtpGateway: vars.SMTP_GATEWAY ? parseGatewayUrl(vars.SMTP_GATEWAY, localDev) : null,
    accountName: vars.ACCOUNT_NAME,
    spfMechanisms: vars.SPF_MECHANISMS ?? null,
    inboundExchanges: vars.INBOUND_MX,
    deliveryHold: vars.DELIVERY_HOLD === "true",
    databaseCapacityBytes: vars.DATABASE_CAPACITY_BYTES,
    faultPlan: vars.FAULT_PLAN ? faultPlanSchema.parse(JSON.parse(vars.FAULT_PLAN)) : null,
  };
}

/** As much as the hash holds (RFC 2104 §3). */
const MIN_SECRET_BYTES = 32;

type Context = { addIssue(issue: { code: "custom"; message: string }): void };

function parseOrigin(text: string, context: Context): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const http = url?.protocol === "https:" || url?.protocol === "http:";
  if (text === "" || (url && http && text.replace(/\/$/, "").toLowerCase() === url.origin)) {
    return url?.origin ?? "";
  }
  context.addIssue({
    code: "custom",
    message: "must be an origin such as https://mail.example.com",
  });
  return z.NEVER;
}

/** What a record may be told to add; whether it is right shows when a domain is looked at. */
const MECHANISM = /^(?:include|ip4|ip6|a|mx|exists):[\x21-\x7e]+$/i;

function parseMechanisms(text: string, context: Context): readonly string[] {
  const terms = text.split(/\s+/).filter((term) => term !== "");
  if (terms.length > 0 && terms.every((term) => MECHANISM.test(term))) return terms;
  context.addIssue({
    code: "custom",
    message: "must be SPF mechanisms such as include:amazonses.com ip4:192.0.2.1",
  });
  return z.NEVER;
}

function parseHosts(text: string, context: Context): readonly string[] {
  const hosts = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((host) => host !== "");
  if (hosts.length > 0 && hosts.every((host) => parseDomain(host).ok)) return hosts;
  context.addIssue({ code: "custom", message: "must be host names separated by commas" });
  return z.NEVER;
}

function parseSecrets(text: string, context: Context): readonly NamedSecret[] {
  const keys = text.split(",").map((entry) => {
    const [, id = "", base64 = ""] =
      /^\s*([A-Za-z0-9]{1,8}):([A-Za-z0-9+/=]+)\s*$/.exec(entry) ?? [];
    return { id, secret: fromBase64(base64) ?? new Uint8Array() };
  });
  const long = keys.every(({ id, secret }) => id !== "" && secret.length >= MIN_SECRET_BYTES);
  if (long && new Set(keys.map(({ id }) => id)).size === keys.length) return keys;
  const rule = `of at least ${MIN_SECRET_BYTES} bytes each, ids of 1 to 8 letters and digits`;
  context.addIssue({
    code: "custom",
    message: `must be id:base64,… with different ids and keys ${rule}`,
  });
  return z.NEVER;
}

const faultPlanSchema = z.object({ url: z.url(), at: z.string() });

/** Ports of `smtp:` and `smtps:` URLs that name none: submission and submissions (RFC 8314). */
const DEFAULT_PORTS = { "smtp:": 587, "smtps:": 465 } as const;

/**
 * Reads RELAY_URL. `smtps:` is TLS from the first byte; `smtp:` needs STARTTLS, except on loopback in
 * local development, where TLS is used only if offered.
 */
export function parseRelayUrl(text: string, localDev: boolean): RelayLogin {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url?.hostname || (url.protocol !== "smtp:" && url.protocol !== "smtps:")) {
    throw new Error("RELAY_URL must look like smtps://user:password@host:465 or smtp://…:587");
  }
  const loopback = localDev && LOOPBACK_HOSTS.includes(url.hostname);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port ? Number(url.port) : DEFAULT_PORTS[url.protocol],
    tls: url.protocol === "smtps:" ? "implicit" : loopback ? "none" : "starttls",
    username: url.username ? decoded(url.username) : null,
    password: url.password ? decoded(url.password) : null,
    allowCleartextAuth: loopback,
  };
}

/** Reads SMTP_GATEWAY: a relay's URL without a login, which each mail program has its own. */
function parseGatewayUrl(text: string, localDev: boolean): SmtpGateway {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url && url.username === "" && url.password === "" && /^\/?$/.test(url.pathname);
  if (!isPlain || !url.hostname || !(url.protocol in DEFAULT_PORTS)) {
    throw new Error("SMTP_GATEWAY must look like smtp://smtp.example.com:587 or smtps://…:465");
  }
  const { host, port, tls } = parseRelayUrl(text, localDev);
  return { host, port, tls };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Without the platform's words as the cause: nothing of a login may reach a log.
    throw new Error("RELAY_URL: write a % in the user name or password as %25");
  }
}
