// Makes what the API cannot make by itself: a verified sender domain, AMP approvals, a first API key and a first
// Super Admin of the portal, both printed once. Works on the local database of `npm start`, or with --remote on the deployed one.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  ampApprovalRow,
  keyRow,
  type PortalLogin,
  senderDomainRow,
  superAdminRow,
} from "../dev/seed.ts";
import { runWrangler } from "../dev/wrangler.ts";
import { parseAddress, parseDomain } from "../src/model/address.ts";
import { makeKey } from "../src/model/key.ts";
import { makePassword } from "../src/model/smtp-credential.ts";
import { parseUserEmail } from "../src/model/user.ts";

const USAGE = `Usage: npm run account -- --domain example.com [--remote]
  [--sender hello@example.com] [--name "Example"] [--bounce-domain bounce.example.com]
  [--amp "From name" | --amp "*"] [--track-opens on|off] [--track-clicks on|off] [--no-key]
  [--super-admin you@example.com]`;

const { values } = parseArgs({
  options: {
    domain: { type: "string" },
    sender: { type: "string" },
    name: { type: "string" },
    "bounce-domain": { type: "string" },
    amp: { type: "string", multiple: true },
    "track-opens": { type: "string" },
    "track-clicks": { type: "string" },
    remote: { type: "boolean", default: false },
    "no-key": { type: "boolean", default: false },
    "super-admin": { type: "string" },
  },
});

const domain = parseDomain(values.domain ?? "");
const sender = values.sender === undefined ? null : parseAddress(values.sender);
const bounceText = values["bounce-domain"];
const bounce = bounceText === undefined ? null : parseDomain(bounceText);
const adminText = values["super-admin"];
const admin = adminText === undefined ? null : parseUserEmail(adminText);
const trackOpens = switched(values["track-opens"]);
const trackClicks = switched(values["track-clicks"]);
if (!domain.ok) fail(`--domain ${domain.error}\n${USAGE}`);
else if (sender && !sender.ok) fail(`--sender ${sender.error}\n${USAGE}`);
else if (bounce && !bounce.ok) fail(`--bounce-domain ${bounce.error}\n${USAGE}`);
else if (admin && !admin.ok) fail(`--super-admin ${admin.error}\n${USAGE}`);
else if (trackOpens === null || trackClicks === null)
  fail(`--track-opens and --track-clicks are on or off\n${USAGE}`);
else {
  const now = Date.now();
  const key = values["no-key"] ? null : makeKey("kasplo");
  const login = admin && { email: admin.value, password: makePassword() };
  const statements = [
    senderDomainRow(
      {
        domain: domain.value,
        sender: sender?.value,
        name: values.name,
        bounceDomain: bounce?.value,
        trackOpens,
        trackClicks,
      },
      now,
    ),
    ...(values.amp ?? []).map((name) => ampApprovalRow(domain.value, name, now)),
    ...(key === null ? [] : [await keyRow(key, "first key", now)]),
    ...(login === null ? [] : [superAdminRow(login, now)]),
  ];
  await execute(statements.join("\n"), values.remote).then(
    () => said(domain.value, key, login),
    (error: unknown) => fail(error instanceof Error ? error.message : String(error)),
  );
}

/** `on`, `off`, not said at all, or (null) something else. */
function switched(text: string | undefined): boolean | undefined | null {
  if (text === undefined) return undefined;
  return text === "on" ? true : text === "off" ? false : null;
}

function said(domain: string, key: string | null, login: PortalLogin | null): void {
  console.log(`${domain} may send${values.remote ? "" : " from the local copy"}.`);
  if (key !== null) console.log(`API key, shown once: ${key}`);
  if (login === null) return;
  console.log(`Super Admin of /portal, unless there is one with this address: ${login.email}`);
  console.log(`Password, shown once: ${login.password}`);
}

async function execute(sql: string, remote: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "edgepost-"));
  const file = join(folder, "account.sql");
  const state = resolve(process.env["STATE_DIR"] ?? ".local", "worker");
  const target = remote ? ["--remote", "--yes"] : ["--local", "--persist-to", state];
  try {
    await writeFile(file, sql, { mode: 0o600 });
    await runWrangler(["d1", "execute", "DB", ...target, "--file", file], folder);
  } catch (error) {
    const missing = String(error).includes("no such table");
    if (missing && !remote)
      throw new Error("there is no local database yet: run npm start once", { cause: error });
    if (missing)
      throw new Error("the database has no tables yet: run npm run deploy once", { cause: error });
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function fail(reason: string): void {
  console.error(reason);
  process.exitCode = 1;
}
