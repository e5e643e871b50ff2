// The environment variables of `npm start`, read once. A wrong one is said in one line.
import { resolve } from "node:path";
import { parseRelayUrl } from "../src/model/config.ts";

/** What `npm start` was asked for. */
export type Settings = {
  /** Port of the API. */
  readonly port: number;
  /** Port of the mailbox page, its JSON API and the webhook receiver. */
  readonly mailboxPort: number;
  /** Port of the local relay. */
  readonly relayPort: number;
  /** Port of the SMTP gateway, for mail programs. */
  readonly gatewayPort: number;
  /** Absolute folder that keeps everything between two starts. */
  readonly stateDir: string;
  /** The relay to use instead of the local one, or null. */
  readonly relayUrl: string | null;
  /** DNS over HTTPS to use instead of the public one of wrangler.toml, or null. */
  readonly dohUrl: string | null;
  /** Whether one real email is sent at the start. */
  readonly firstSend: boolean;
};

/** Reads the settings; throws an Error whose message names the variable and what it should be. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const settings = {
    port: portFrom(env, "PORT", 8787),
    mailboxPort: portFrom(env, "MAILBOX_PORT", 8025),
    relayPort: portFrom(env, "RELAY_SMTP_PORT", 1025),
    gatewayPort: portFrom(env, "GATEWAY_PORT", 2587),
    stateDir: resolve(env["STATE_DIR"] || ".local"),
    relayUrl: relayUrlFrom(env["RELAY_URL"]),
    dohUrl: dohUrlFrom(env["DOH_URL"]),
    firstSend: firstSendFrom(env["FIRST_SEND"]),
  };
  const { port, mailboxPort, relayPort, gatewayPort } = settings;
  const ports = [port, mailboxPort, relayPort, gatewayPort];
  if (new Set(ports).size < ports.length) {
    const names = "PORT, MAILBOX_PORT, RELAY_SMTP_PORT and GATEWAY_PORT";
    throw new Error(`${names} must be four different ports.`);
  }
  return settings;
}

function portFrom(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  fallback: number,
): number {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1024 || port > 65_535) {
    throw new Error(`${name} must be a port from 1024 to 65535, not "${text}".`);
  }
  return port;
}

/** Checked as the Worker checks it, so that a wrong one stops here; it is never repeated: it may hold a password. */
function relayUrlFrom(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  parseRelayUrl(text, true);
  return text;
}

function dohUrlFrom(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url.href;
  throw new Error(`DOH_URL must be a URL such as https://dns.example/dns-query, not "${text}".`);
}

function firstSendFrom(text: string | undefined): boolean {
  if (text === undefined || text === "" || text === "1") return true;
  if (text === "0") return false;
  throw new Error(`FIRST_SEND must be 0 or 1, not "${text}".`);
}
