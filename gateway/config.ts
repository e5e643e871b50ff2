// The gateway's settings: environment variables, read once. A wrong one is said by its name, with what
// it should be.
import { hostname } from "node:os";
import * as z from "zod";

/** What the gateway was configured with. Ports: 0 takes a free one, null listens on nothing. */
export type Config = {
  /** The name in the greeting and in EHLO's answer. */
  readonly serverName: string;
  /** Address to listen on; null: every address of the machine. */
  readonly host: string | null;
  /** SMTP with STARTTLS. */
  readonly smtpPort: number | null;
  /** SMTP with TLS from the start. */
  readonly smtpsPort: number | null;
  readonly certificate: { readonly certFile: string; readonly keyFile: string } | null;
  readonly tenantsFile: string;
  /** Decision 7: AUTH before TLS, except for credentials that require TLS. */
  readonly allowCleartextAuth: boolean;
  /** `/health` and `/metrics`. */
  readonly statusHost: string;
  readonly statusPort: number | null;
  readonly limits: Limits;
};

/** Sizes in bytes, times in milliseconds. */
export type Limits = {
  /** Advertised as SIZE; a credential may allow less. */
  readonly messageBytes: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Silence after which a connection is closed; also the time that a client has to sign in. */
  readonly idleMs: number;
  /** From DATA to the final dot. */
  readonly dataMs: number;
  /** From the final dot to the Worker's answer; then 451. */
  readonly workerMs: number;
  /** What is being received when the gateway is told to stop may take so long. */
  readonly stopMs: number;
  /** Before the first failed AUTH is answered; doubles with each. */
  readonly authDelayMs: number;
  readonly authLockMs: number;
};

/** The largest body that the Worker takes; a credential may allow less. */
const MESSAGE_BYTES = 41_943_040;

/** RFC 5321 §4.5.3.2.7. */
const IDLE_SECONDS = 300;

/** 40 MB at half a megabit a second. */
const DATA_SECONDS = 600;

/** Below the 30 s after which the first clients give up (reliability.md 4.3). */
const WORKER_SECONDS = 25;

/** Longer than WORKER_SECONDS, so that what reached its dot is answered. */
const STOP_SECONDS = 30;

const port = z
  .string()
  .regex(/^(off|\d{1,5})$/, { error: "must be a port from 0 to 65535, or off" })
  .transform((text) => (text === "off" ? null : Number(text)))
  .refine((number) => number === null || number <= 65_535, { error: "must be at most 65535" });

const seconds = (fallback: number) =>
  z.coerce
    .number()
    .positive()
    .max(86_400)
    .default(fallback)
    .transform((value) => Math.round(value * 1000));

const whole = (least: number, most: number, fallback: number) =>
  z.coerce.number().int().min(least).max(most).default(fallback);

const schema = z.object({
  SERVER_NAME: z
    .string()
    .regex(/^[0-9A-Za-z.-]{1,253}$/, { error: "must be a host name" })
    .default(() => hostname()),
  HOST: z.string().optional(),
  SMTP_PORT: port.default(587),
  SMTPS_PORT: port.optional(),
  TLS_CERT_FILE: z.string().optional(),
  TLS_KEY_FILE: z.string().optional(),
  TENANTS_FILE: z.string({ error: "must be the path of the tenants file" }),
  ALLOW_CLEARTEXT_AUTH: z.enum(["true", "false"]).default("false"),
  STATUS_HOST: z.string().default("127.0.0.1"),
  STATUS_PORT: port.default(9587),
  MAX_MESSAGE_BYTES: whole(1_000, 100_000_000, MESSAGE_BYTES),
  MAX_CONNECTIONS: whole(1, 100_000, 2_000),
  MAX_CONNECTIONS_PER_ADDRESS: whole(1, 100_000, 100),
  IDLE_SECONDS: seconds(IDLE_SECONDS),
  DATA_SECONDS: seconds(DATA_SECONDS),
  WORKER_SECONDS: seconds(WORKER_SECONDS),
  STOP_SECONDS: seconds(STOP_SECONDS),
  AUTH_DELAY_MS: whole(0, 60_000, 500),
  AUTH_LOCK_SECONDS: seconds(900),
});

/** Reads the settings; throws an Error whose message names the variable and what it should be. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.entries(env).filter(([, value]) => value !== undefined && value !== "");
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (!parsed.success) throw new Error(`configuration: ${z.prettifyError(parsed.error)}`);
  const vars = parsed.data;
  const certificate = certificateOf(vars.TLS_CERT_FILE, vars.TLS_KEY_FILE);
  const allowCleartextAuth = vars.ALLOW_CLEARTEXT_AUTH === "true";
  if (certificate === null && !allowCleartextAuth) {
    throw new Error(
      "configuration: nobody could sign in: set TLS_CERT_FILE and TLS_KEY_FILE (or ALLOW_CLEARTEXT_AUTH=true)",
    );
  }
  if (certificate === null && vars.SMTPS_PORT) {
    throw new Error("configuration: SMTPS_PORT needs TLS_CERT_FILE and TLS_KEY_FILE");
  }
  return {
    serverName: vars.SERVER_NAME,
    host: vars.HOST ?? null,
    smtpPort: vars.SMTP_PORT,
    smtpsPort: vars.SMTPS_PORT === undefined ? (certificate ? 465 : null) : vars.SMTPS_PORT,
    certificate,
    tenantsFile: vars.TENANTS_FILE,
    allowCleartextAuth,
    statusHost: vars.STATUS_HOST,
    statusPort: vars.STATUS_PORT,
    limits: {
      messageBytes: vars.MAX_MESSAGE_BYTES,
      connections: vars.MAX_CONNECTIONS,
      connectionsPerAddress: vars.MAX_CONNECTIONS_PER_ADDRESS,
      idleMs: vars.IDLE_SECONDS,
      dataMs: vars.DATA_SECONDS,
      workerMs: vars.WORKER_SECONDS,
      stopMs: vars.STOP_SECONDS,
      authDelayMs: vars.AUTH_DELAY_MS,
      authLockMs: vars.AUTH_LOCK_SECONDS,
    },
  };
}

function certificateOf(
  certFile: string | undefined,
  keyFile: string | undefined,
): Config["certificate"] {
  if (certFile === undefined && keyFile === undefined) return null;
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  throw new Error("configuration: TLS_CERT_FILE and TLS_KEY_FILE belong together; set both");
}
