// The Worker's secrets on this machine, as the lines of an env file: never on a command line, where
// every user of the machine could read them.
import { parseRelayUrl } from "../src/model/config.ts";
import type { Account } from "./account.ts";
import { LOOPBACK } from "./ports.ts";
import type { Settings } from "./settings.ts";

/** The content of the env file. */
export function workerEnv(account: Account, settings: Settings): string {
  const relayUrl = settings.relayUrl ?? `smtp://${LOOPBACK}:${settings.relayPort}`;
  const doh = settings.dohUrl === null ? "" : `DOH_URL='${quotable(settings.dohUrl)}'\n`;
  const publicUrl = `http://${LOOPBACK}:${settings.port}`;
  return (
    `ENCRYPTION_KEY=${account.encryption_key}\nRELAY_URL='${quotable(relayUrl)}'\n` +
    `PUBLIC_URL=${publicUrl}\nSMTP_GATEWAY=smtp://${LOOPBACK}:${settings.gatewayPort}\nGATEWAY_SECRETS=local:${account.gateway_secret}\n${doh}`
  );
}

/** Whether a relay is on this machine. */
export function isLoopbackRelay(url: string): boolean {
  const { host } = parseRelayUrl(url, true);
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Between single quotes only the quote itself ends the value; `$` would start a variable. */
function quotable(url: string): string {
  return new URL(url).href.replaceAll("'", "%27").replaceAll("$", "\\$");
}
