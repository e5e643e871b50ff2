// `npm start`, in Node 22: the local relay with its mailbox, the database, the Worker, the SMTP gateway, the
// account and the first send, in this order; and the way back when it is told to stop.
import { mkdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { orgIdOf, sidOf } from "../src/model/account-id.ts";
import { type Account, loadAccount } from "./account.ts";
import { KASAPOST_DOMAIN } from "./seed.ts";
import { prepareDatabase } from "./database.ts";
import { writeWhole } from "./files.ts";
import { sendFirst } from "./first-send.ts";
import { startLocalGateway } from "./gateway.ts";
import { startMailbox } from "./mailbox.ts";
import { openMailboxStore } from "./mailbox-store.ts";
import { isFree, LOOPBACK } from "./ports.ts";
import { buildPortal } from "./portal.ts";
import { startRelay } from "./relay.ts";
import { readSettings, type Settings } from "./settings.ts";
import { startSweeper } from "./sweeper.ts";
import { ensureWebhook } from "./webhook.ts";
import { isLoopbackRelay, workerEnv } from "./worker-env.ts";
import { runWorker } from "./worker.ts";

/** Undoes what was started, newest first. */
const undo: (() => Promise<void> | void)[] = [];
let stopping = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => void stop(0));
}
// A terminal that was closed must not keep us from ending what we started.
process.stdout.on("error", () => undefined);

try {
  await start(readSettings(process.env));
} catch (error) {
  // What fails because it is being stopped is no failure.
  if (!stopping) {
    console.error(error instanceof Error ? error.message : String(error));
    await stop(1);
  }
}

async function start(settings: Settings): Promise<void> {
  await refuseTakenPorts(settings);
  const { stateDir } = settings;
  const workerDir = join(stateDir, "worker");
  const credentialsFile = join(stateDir, "credentials.json");
  await mkdir(workerDir, { recursive: true });
  // Whoever waits for this file waits for a running product.
  await rm(credentialsFile, { force: true });
  let account = await loadAccount(stateDir);
  const api = { baseUrl: `http://${LOOPBACK}:${settings.port}`, key: account.api_key };
  const mailboxUrl = `http://${LOOPBACK}:${settings.mailboxPort}`;

  const store = await openMailboxStore(join(stateDir, "mailbox"));
  const relay = await startRelay(store, settings.relayPort);
  undo.push(relay.close);
  const mailbox = await startMailbox({
    store,
    port: settings.mailboxPort,
    about: {
      base_url: api.baseUrl,
      relay: settings.relayUrl === null ? "local" : "other",
      relay_smtp: `${LOOPBACK}:${settings.relayPort}`,
    },
    secret: () => account.webhook?.secret ?? null,
  });
  undo.push(mailbox.close);

  await prepareDatabase(workerDir, account, say);
  await buildPortal();
  const envFile = join(workerDir, "worker.env");
  await writeWhole(envFile, workerEnv(account, settings));
  if (stopping) return;
  const logFile = join(stateDir, "worker.log");
  const worker = runWorker({ port: settings.port, workerDir, envFile, logFile, say });
  undo.push(worker.stop);
  await worker.ready;
  undo.push(startSweeper(api.baseUrl, say));
  const { gateway_secret: secret } = account;
  const gateway = { port: settings.gatewayPort, workerUrl: api.baseUrl, secret, stateDir };
  undo.push(await startLocalGateway(gateway));
  account = await ensureWebhook(api, account, stateDir, `${mailboxUrl}/hooks`);
  await writeWhole(credentialsFile, await credentials(api, mailboxUrl, settings, account));
  welcome(settings, api, { mailboxUrl, account });
  await firstSend(settings, () =>
    sendFirst({ api, store, mailboxUrl, localRelay: settings.relayUrl === null, say }),
  );
  if (!stopping) say("\nCtrl-C stops everything.");
}

async function refuseTakenPorts(settings: Settings): Promise<void> {
  const wanted = [
    ["PORT", settings.port],
    ["MAILBOX_PORT", settings.mailboxPort],
    ["RELAY_SMTP_PORT", settings.relayPort],
    ["GATEWAY_PORT", settings.gatewayPort],
  ] as const;
  for (const [name, port] of wanted) {
    if (!(await isFree(port))) {
      throw new Error(`Port ${port} is taken; set ${name} to a free one.`);
    }
  }
}

async function credentials(
  api: { readonly baseUrl: string; readonly key: string },
  mailboxUrl: string,
  settings: Settings,
  account: Account,
): Promise<string> {
  const content = {
    base_url: api.baseUrl,
    mailbox_url: mailboxUrl,
    relay_smtp: { host: LOOPBACK, port: settings.relayPort },
    api_key: api.key,
    webhook_secret: account.webhook?.secret,
    smtp: { host: LOOPBACK, port: settings.gatewayPort, ...account.smtp },
    portal: { url: `${api.baseUrl}/portal`, ...account.portal },
    kasapost: { api_key: account.kasapost_key, domain: KASAPOST_DOMAIN },
    audience: { sid: await sidOf(account.encryption_key), api_key: account.audience_key },
    mailing_lists: {
      org_id: await orgIdOf(account.encryption_key),
      api_key: account.mailing_lists_key,
    },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function welcome(
  settings: Settings,
  api: { readonly baseUrl: string; readonly key: string },
  { mailboxUrl, account }: { readonly mailboxUrl: string; readonly account: Account },
): void {
  const { smtp, portal } = account;
  const near = relative(process.cwd(), settings.stateDir);
  const folder = near.startsWith("..") ? settings.stateDir : near || ".";
  const relay =
    settings.relayUrl === null
      ? `${LOOPBACK}:${settings.relayPort} (SMTP; sends nothing on, shows everything in the mailbox)`
      : `RELAY_URL (mail leaves through it; the mailbox shows webhooks only)`;
  say(`Edgepost is running.

  API      ${api.baseUrl}
  Portal   ${api.baseUrl}/portal (${portal.email}, password ${portal.password})
  Mailbox  ${mailboxUrl}
  Relay    ${relay}
  API key  ${api.key}
  Files    ${folder}/credentials.json, ${folder}/worker.log, ${folder}/gateway.log

Send an email:

  curl -i ${api.baseUrl}/v1/send-email \\
    -H 'Authorization: Bearer ${api.key}' \\
    -H 'Content-Type: application/json' \\
    -d '{"email":{"from":"hello@edgepost.test","subject":"Hello","text":"Hello from Edgepost","recipients":{"to":[{"email":"you@example.com"}]}}}'

Or with any mail program:

  SMTP server  ${LOOPBACK}, port ${settings.gatewayPort}, no TLS on this machine
  User name    ${smtp.username}
  Password     ${smtp.password}
  From         anything@edgepost.test
`);
}

async function firstSend(settings: Settings, send: () => Promise<void>): Promise<void> {
  if (!settings.firstSend || stopping) return;
  if (settings.relayUrl !== null && !isLoopbackRelay(settings.relayUrl)) {
    say("First send skipped: RELAY_URL is a real relay, and you@example.com is nobody.");
    return;
  }
  await send();
}

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  for (const step of undo.toReversed()) await step();
  process.exit(code);
}

function say(line: string): void {
  if (!stopping) console.log(line);
}
