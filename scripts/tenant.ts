// `npm run tenant -- create|list|update|destroy`: one deployment per tenant, each from the one wrangler.toml.
// Every step can be repeated.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { ROOT } from "../dev/bootstrap.js";
import { buildPortal } from "../dev/portal.ts";
import { askWrangler } from "../dev/wrangler.ts";
import { parseDomain } from "../src/model/address.ts";
import { parseRelayUrl } from "../src/model/config.ts";
import { parseUserEmail } from "../src/model/user.ts";
import { createTenant, rehearseTenant } from "./tenant/create.ts";
import { destroyTenant } from "./tenant/destroy.ts";
import { listTenants } from "./tenant/folder.ts";
import { nameFault } from "./tenant/template.ts";
import { updateTenants } from "./tenant/update.ts";
import type { World } from "./tenant/world.ts";

const USAGE = `Usage: npm run tenant -- create NAME [--relay smtps://user:password@host:465] [--domain example.com]
                                  [--super-admin you@example.com]
                                  [--url https://mail.example.com] [--dry-run]
       npm run tenant -- list
       npm run tenant -- update [NAME]
       npm run tenant -- destroy NAME [--confirm NAME]`;

const temporary = await mkdtemp(join(tmpdir(), "edgepost-tenant-"));
const world: World = {
  root: ROOT,
  tenants: join(ROOT, "tenants"),
  wrangler: (args) => askWrangler(args, temporary),
  fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(HTTP_DEADLINE_MS) }),
  say: (line) => console.log(line),
};

/** A Worker that was deployed a moment ago may need a while for its first answer. */
const HTTP_DEADLINE_MS = 30_000;

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await rm(temporary, { recursive: true, force: true });
}

async function main(argv: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      relay: { type: "string" },
      domain: { type: "string" },
      url: { type: "string" },
      "super-admin": { type: "string" },
      "dry-run": { type: "boolean", default: false },
      confirm: { type: "string" },
    },
  });
  const [command, name] = positionals;
  switch (command) {
    case "create": {
      await buildPortal();
      const wanted = { name: named(name), relay: relay(values.relay), url: origin(values.url) };
      if (values["dry-run"]) return rehearseTenant(world, wanted);
      return createTenant(world, {
        ...wanted,
        domain: domain(values.domain),
        superAdmin: superAdmin(values["super-admin"]),
      });
    }
    case "list":
      return listTenants(world);
    case "update":
      await buildPortal();
      return updateTenants(world, name === undefined ? null : named(name));
    case "destroy":
      return destroyTenant(world, named(name), values.confirm ?? (await typedName(named(name))));
    default:
      throw new Error(USAGE);
  }
}

function named(name: string | undefined): string {
  const fault = nameFault(name ?? "");
  if (fault !== null) throw new Error(`NAME ${fault}\n${USAGE}`);
  return name ?? "";
}

function relay(text: string | undefined): string | null {
  if (text !== undefined) parseRelayUrl(text, false);
  return text ?? null;
}

function domain(text: string | undefined): string | null {
  if (text === undefined) return null;
  const parsed = parseDomain(text);
  if (!parsed.ok) throw new Error(`--domain ${parsed.error}`);
  return parsed.value;
}

function superAdmin(text: string | undefined): string | null {
  if (text === undefined) return null;
  const parsed = parseUserEmail(text);
  if (!parsed.ok) throw new Error(`--super-admin ${parsed.error}`);
  return parsed.value;
}

function origin(text: string | undefined): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "https:" && url.href === `${url.origin}/`) return url.origin;
  throw new Error("--url must be an origin such as https://mail.example.com");
}

async function typedName(name: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const question = `This deletes the Worker, its database and its queues of ${name} for good. Type its name: `;
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
