// The parts of the two commands that decide something: settings, whether to install, what is seeded,
// what the Worker is given.
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { loadAccount, saveAccount } from "../../../dev/account.ts";
import { isInstalled, ROOT } from "../../../dev/bootstrap.js";
import { seedSql, senderDomainRow } from "../../../dev/seed.ts";
import { isFree } from "../../../dev/ports.ts";
import { readSettings } from "../../../dev/settings.ts";
import { isLoopbackRelay, workerEnv } from "../../../dev/worker-env.ts";
import { sha256Hex } from "../../../src/lib/digest.ts";
import { isPassword } from "../../../src/lib/password.ts";

let folder: string;

function lock(packages: Record<string, unknown>): string {
  return JSON.stringify({ packages });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgepost-setup-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function install(present: Record<string, unknown>): Promise<void> {
  await mkdir(join(folder, "node_modules", "node", "bin"), { recursive: true });
  await writeFile(join(folder, "node_modules", "node", "bin", "node"), "");
  await writeFile(join(folder, "node_modules", ".package-lock.json"), lock(present));
}

describe("settings", () => {
  it("has the documented defaults", () => {
    expect(readSettings({})).toEqual({
      port: 8787,
      mailboxPort: 8025,
      relayPort: 1025,
      gatewayPort: 2587,
      stateDir: join(process.cwd(), ".local"),
      relayUrl: null,
      dohUrl: null,
      firstSend: true,
    });
  });

  it.each([
    [{ PORT: "80" }, /PORT must be a port/],
    [{ MAILBOX_PORT: "8025x" }, /MAILBOX_PORT must be a port/],
    [{ GATEWAY_PORT: "587" }, /GATEWAY_PORT must be a port from 1024/],
    [{ PORT: "5000", RELAY_SMTP_PORT: "5000" }, /four different ports/],
    [{ FIRST_SEND: "no" }, /FIRST_SEND must be 0 or 1/],
    [{ DOH_URL: "dns.example" }, /DOH_URL must be a URL/],
    [{ RELAY_URL: "smpt://user:hunter2@host" }, /^RELAY_URL must look like (?!.*hunter2)/],
  ])("refuses %j", (env, message) => {
    let text = "";
    try {
      readSettings(env);
    } catch (error) {
      text = error instanceof Error ? error.message : "";
    }
    expect(text).toMatch(message);
  });
});

describe("the installation", () => {
  it("is there when every package has the version of the lock file", async () => {
    const wanted = { "": {}, a: { version: "1.0.0" }, other: { version: "1.0.0", optional: true } };
    await writeFile(join(folder, "package-lock.json"), lock(wanted));
    expect(isInstalled(folder)).toBe(false);
    await install({ a: { version: "0.9.0" } });
    expect(isInstalled(folder)).toBe(false);
    await install({ a: { version: "1.0.0" } });
    expect(isInstalled(folder)).toBe(true);
    await rm(join(folder, "node_modules", "node"), { recursive: true });
    expect(isInstalled(folder)).toBe(false);
  });
});

describe("the account", () => {
  it("is made once, kept, and readable by its owner only", async () => {
    const account = await loadAccount(folder);
    expect(Buffer.from(account.encryption_key, "base64")).toHaveLength(32);
    expect(account.api_key).toMatch(/^ep_live_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
    const webhook = { id: "w", secret: "whsec_x", url: "http://127.0.0.1:1/hooks" };
    await saveAccount(folder, { ...account, webhook });
    expect(await loadAccount(folder)).toEqual({ ...account, webhook });
    expect((await stat(join(folder, "secrets.json"))).mode & 0o777).toBe(0o600);
  });

  it("of before there was SMTP gets a login and a gateway's secret, and keeps them", async () => {
    const old = { encryption_key: "a2V5", api_key: "k", webhook: null };
    await writeFile(join(folder, "secrets.json"), JSON.stringify(old));
    const account = await loadAccount(folder);
    expect(account).toMatchObject(old);
    expect(Buffer.from(account.gateway_secret, "base64")).toHaveLength(32);
    expect(account.audience_key).toMatch(/^au_live_/);
    expect(account.mailing_lists_key).toMatch(/^ml_live_/);
    expect(account.smtp.username).toMatch(/^[a-z2-7]{16}@edgepost\.test$/);
    expect(account.portal.email).toBe("admin@edgepost.test");
    expect(account.portal.password).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(account.smtp.password).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(await loadAccount(folder)).toEqual(account);
  });

  it("is seeded with its key, domains and the AMP approval, twice without harm", async () => {
    const database = new DatabaseSync(":memory:");
    database.exec(await readFile(join(ROOT, "schema.sql"), "utf8"));
    const smtp = { username: "abcdefghijklmnop@edgepost.test", password: "secret" };
    const sql = await seedSql(
      {
        api_key: "ep_live_key",
        kasapost_key: "kp_live_key",
        audience_key: "au_live_key",
        mailing_lists_key: "ml_live_key",
        smtp,
        portal: { email: "admin@edgepost.test", password: "correct horse battery" },
      },
      1_700_000_000_000,
    );
    database.exec(sql);
    database.exec(sql);
    const all = (query: string): unknown[] => database.prepare(query).all();
    const [admin, ...others] = z
      .array(z.object({ email: z.string(), role: z.string(), password: z.string() }))
      .parse(all("select email, role, password from users"));
    expect(others).toEqual([]);
    expect(admin).toMatchObject({ email: "admin@edgepost.test", role: "super_admin" });
    expect(isPassword("correct horse battery", admin?.password ?? null)).toBe(true);
    expect(
      all("select hash, family, scopes, mail_class, revoked_at from keys order by family desc"),
    ).toEqual([
      {
        hash: await sha256Hex("ml_live_key"),
        family: "mailing_lists",
        scopes: '["read","manage"]',
        mail_class: null,
        revoked_at: null,
      },
      {
        hash: await sha256Hex("ep_live_key"),
        family: "kasplo",
        scopes: '["send","read","manage"]',
        mail_class: null,
        revoked_at: null,
      },
      {
        hash: await sha256Hex("kp_live_key"),
        family: "kasapost",
        scopes: '["send"]',
        mail_class: null,
        revoked_at: null,
      },
      {
        hash: await sha256Hex("au_live_key"),
        family: "audience",
        scopes: '["read","manage"]',
        mail_class: null,
        revoked_at: null,
      },
    ]);
    expect(
      all("select id, domain, hash, sender_domain, require_tls, mail_class from smtp_credentials"),
    ).toEqual([
      {
        id: "abcdefghijklmnop",
        domain: "edgepost.test",
        hash: await sha256Hex("secret"),
        sender_domain: null,
        require_tls: 0,
        mail_class: null,
      },
    ]);
    expect(all("select domain from sender_domains where verified = 1")).toEqual(
      ["edgepost.test", "kasapost.com", "trans.kasplo.in", "yourdomain.com"].map((domain) => ({
        domain,
      })),
    );
    const bounceDomains = all(
      "select bounce_domain from sender_domains where domain = 'edgepost.test'",
    );
    expect(bounceDomains).toEqual([{ bounce_domain: "bounce.edgepost.test" }]);
    const sender = { domain: "yourdomain.com", sender: "o'neil@yourdomain.com" };
    database.exec(senderDomainRow(sender, 1_700_000_000_000));
    expect(
      all(
        `select domain, default_sender as sender, bounce_domain as bounce from sender_domains
         where default_sender is not null order by domain desc`,
      ),
    ).toEqual([
      {
        domain: "yourdomain.com",
        sender: "o'neil@yourdomain.com",
        bounce: "bounce.yourdomain.com",
      },
      { domain: "kasapost.com", sender: "hello@kasapost.com", bounce: "bounce.kasapost.com" },
    ]);
    const tracked =
      "select track_opens as o, track_clicks as c from sender_domains where domain = ";
    expect(all(`${tracked}'yourdomain.com'`)).toEqual([{ o: 1, c: 1 }]);
    // What is not said stays as it is.
    database.exec(senderDomainRow({ domain: "yourdomain.com", trackOpens: false }, 1));
    database.exec(senderDomainRow({ domain: "yourdomain.com", trackClicks: false }, 2));
    database.exec(senderDomainRow({ domain: "yourdomain.com", trackClicks: true }, 3));
    expect(all(`${tracked}'yourdomain.com'`)).toEqual([{ o: 0, c: 1 }]);
    expect(all("select domain, from_name from amp_approvals")).toEqual([
      { domain: "edgepost.test", from_name: "*" },
    ]);
  });
});

const ACCOUNT = {
  encryption_key: "a2V5",
  api_key: "k",
  gateway_secret: "Z2F0ZQ==",
  kasapost_key: "kp",
  audience_key: "a",
  mailing_lists_key: "m",
  smtp: { username: "u", password: "p" },
  portal: { email: "admin@edgepost.test", password: "p" },
  webhook: null,
};

describe("the Worker's secrets", () => {
  it("keep a password that is special to env files", () => {
    const settings = readSettings({ RELAY_URL: "smtps://me:p'a$HOME%23@mail.example.com:465" });
    expect(workerEnv(ACCOUNT, settings)).toBe(
      "ENCRYPTION_KEY=a2V5\nRELAY_URL='smtps://me:p%27a\\$HOME%23@mail.example.com:465'\n" +
        "PUBLIC_URL=http://127.0.0.1:8787\nSMTP_GATEWAY=smtp://127.0.0.1:2587\nGATEWAY_SECRETS=local:Z2F0ZQ==\n",
    );
  });

  it("name the local relay unless another is given", () => {
    const env = workerEnv(ACCOUNT, readSettings({ RELAY_SMTP_PORT: "2000" }));
    expect(env).toContain("RELAY_URL='smtp://127.0.0.1:2000'");
  });

  it("know a relay on this machine", () => {
    expect(isLoopbackRelay("smtp://localhost:2525")).toBe(true);
    expect(isLoopbackRelay("smtp://127.0.0.1:2525")).toBe(true);
    expect(isLoopbackRelay("smtps://mail.example.com")).toBe(false);
  });
});

describe("a port", () => {
  it("is free or taken", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    expect(await isFree(port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await isFree(port)).toBe(true);
  });
});
