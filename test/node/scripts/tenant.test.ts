// `npm run tenant`: what it asks of wrangler, step by step; that every step can be repeated; and that two
// tenants' Workers really build from their files.
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ROOT } from "../../../dev/bootstrap.js";
import { askWrangler } from "../../../dev/wrangler.ts";
import { createTenant, rehearseTenant } from "../../../scripts/tenant/create.ts";
import { destroyTenant } from "../../../scripts/tenant/destroy.ts";
import { listTenants } from "../../../scripts/tenant/folder.ts";
import { nameFault, queuesOf, tenantToml } from "../../../scripts/tenant/template.ts";
import { updateTenants } from "../../../scripts/tenant/update.ts";
import type { World } from "../../../scripts/tenant/world.ts";
import { parseTenants } from "../../../gateway/tenants.ts";
import { familyOf } from "../../../src/model/key.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgepost-tenants-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const DATABASE_ID = "7d5c1a2e-0000-4000-8000-0000000000aa";

/** Cloudflare as far as these commands see it, and everything that they asked. */
function recorded() {
  const asked: string[] = [];
  const said: string[] = [];
  const there = new Set<string>();
  const fetched: { url: string; body: string }[] = [];
  const rows = { keys: 0, users: 0 };
  let fails = "";
  async function wrangler(args: readonly string[]): Promise<string> {
    const line = args.join(" ").replaceAll(folder, "");
    asked.push(line);
    if (fails !== "" && line.startsWith(fails)) throw new Error("wrangler broke off");
    const name = args.at(-1) ?? "";
    if (line === "d1 list --json") {
      const list = [...there].filter((one) => one.startsWith("d1 "));
      return `▲ news\n${JSON.stringify(list.map((one) => ({ uuid: DATABASE_ID, name: one.slice(3) })))}`;
    }
    if (/^(?:d1|queues|r2 bucket) create/.test(line)) {
      const thing = `${args[0] ?? ""} ${name}`;
      if (there.has(thing)) throw new Error(`${name} already exists [code: 11009]`);
      there.add(thing);
    }
    if (line.includes("--command select count")) {
      const n = line.includes("from users") ? rows.users : rows.keys;
      return JSON.stringify([{ results: [{ n }] }]);
    }
    if (line.includes("--yes --file")) {
      const sql = await readFile(args.at(-1) ?? "", "utf8");
      rows[sql.includes("into users") ? "users" : "keys"] += 1;
    }
    if (line.startsWith("deploy")) return "Deployed\n  https://edgepost-acme.someone.workers.dev\n";
    return "";
  }
  const world: World = {
    root: ROOT,
    tenants: join(folder, "tenants"),
    wrangler,
    async fetch(url, init) {
      fetched.push({ url, body: typeof init.body === "string" ? init.body : "" });
      const records = [{ type: "TXT", name: "acme.test", value: "v=spf1 ~all", status: "missing" }];
      return Response.json({ data: { records } }, { status: 201 });
    },
    say: (line) => void said.push(line),
  };
  return { world, asked, said, fetched, failAt: (command: string) => void (fails = command) };
}

const ACME = {
  name: "acme",
  relay: "smtps://u:p@relay.test:465",
  url: null,
  domain: "acme.test",
  superAdmin: null,
};

describe("create", () => {
  it("makes database, bucket, queues, schema and Worker, in this order, then key and domain", async () => {
    const { world, asked, said, fetched } = recorded();
    await createTenant(world, ACME);
    const config = "-c /tenants/acme/wrangler.toml";
    const deploy = `deploy ${config} --secrets-file /tenants/acme/secrets.json`;
    const queues = queuesOf(await readFile(join(ROOT, "wrangler.toml"), "utf8"));
    expect(asked.map((line) => line.replace(/--file .*/, "--file KEY"))).toEqual([
      "d1 list --json",
      "d1 create edgepost-acme",
      "d1 list --json",
      "r2 bucket create edgepost-acme-content",
      ...queues.map((name) => `queues create ${name.replace("edgepost", "edgepost-acme")}`),
      `d1 migrations apply DB --remote ${config}`,
      deploy,
      deploy,
      `d1 execute DB --remote ${config} --json --command select count(*) as n from keys where revoked_at is null`,
      `d1 execute DB --remote ${config} --yes --file KEY`,
    ]);
    const toml = await readFile(join(world.tenants, "acme", "wrangler.toml"), "utf8");
    expect(toml).toContain(`database_id = "${DATABASE_ID}"`);
    expect(toml).toContain('PUBLIC_URL = "https://edgepost-acme.someone.workers.dev"');
    const key = /shown once: (\S+)/.exec(said.join("\n"))?.[1] ?? "";
    expect(familyOf(key)).toBe("kasplo");
    expect(fetched).toEqual([
      {
        url: "https://edgepost-acme.someone.workers.dev/v1/domains",
        body: '{"domain":"acme.test"}',
      },
    ]);
    expect(said.join("\n")).toContain("TXT   acme.test  v=spf1 ~all");
    const entry = /\{"acme\.test".*\}/.exec(said.join("\n"))?.[0] ?? "";
    const tenant = parseTenants(entry).of("x@acme.test");
    expect(tenant?.workerUrl).toBe("https://edgepost-acme.someone.workers.dev");
    const secrets = z
      .object({ GATEWAY_SECRETS: z.string(), RELAY_URL: z.string() })
      .parse(JSON.parse(await readFile(join(world.tenants, "acme", "secrets.json"), "utf8")));
    expect(secrets).toMatchObject({
      GATEWAY_SECRETS: `1:${tenant?.secret ?? ""}`,
      RELAY_URL: ACME.relay,
    });
  });

  it("makes a Super Admin whose password is shown once, and none where there are users", async () => {
    const { world, said } = recorded();
    await createTenant(world, { ...ACME, superAdmin: "boss@acme.test" });
    await createTenant(world, { ...ACME, superAdmin: "boss@acme.test" });
    const lines = said.filter((line) => line.includes("boss@acme.test"));
    expect(lines.length).toBe(2);
    expect(lines[0]).toMatch(/password, shown once: [0-9A-Za-z]{32}$/);
    expect(lines[1]).toContain("users already");
  });

  it("keeps secrets from other users, and shows none of them but the gateway's", async () => {
    const { world, said, asked } = recorded();
    await createTenant(world, ACME);
    const file = join(world.tenants, "acme", "secrets.json");
    expect((await stat(file)).mode & 0o077).toBe(0);
    const { ENCRYPTION_KEY: key } = z
      .object({ ENCRYPTION_KEY: z.string() })
      .parse(JSON.parse(await readFile(file, "utf8")));
    expect(`${said.join("\n")}${asked.join("\n")}`).not.toContain(key);
    expect(`${said.join("\n")}${asked.join("\n")}`).not.toContain("u:p@");
  });

  it.each([
    "d1 create",
    "r2",
    "queues create edgepost-acme-dead",
    "d1 migrations",
    "deploy",
    "d1 execute",
  ])(
    "goes on after it broke off at %s, with the same secrets, database and one key",
    async (command) => {
      const { world, asked, said, failAt } = recorded();
      failAt(command);
      await expect(createTenant(world, ACME)).rejects.toThrow("broke off");
      const secrets = await readFile(join(world.tenants, "acme", "secrets.json"), "utf8");
      failAt("");
      await createTenant(world, ACME);
      await createTenant(world, ACME);
      expect(await readFile(join(world.tenants, "acme", "secrets.json"), "utf8")).toBe(secrets);
      expect(asked.filter((line) => line === "d1 create edgepost-acme").length).toBeLessThanOrEqual(
        2,
      );
      expect(said.filter((line) => line.startsWith("API key, shown once")).length).toBe(1);
      expect(said.at(-1)).toContain("secrets.json");
    },
  );
});

describe("update, list and destroy", () => {
  it("updates all, and stops at the first that fails", async () => {
    const { world, said, failAt } = recorded();
    for (const name of ["acme", "beta", "gamma"]) {
      await createTenant(world, { ...ACME, name, url: `https://${name}.test`, domain: null });
    }
    await updateTenants(world, null);
    expect(said.filter((line) => line.includes("is well at")).length).toBe(3);
    failAt("d1 migrations apply DB --remote -c /tenants/beta");
    await expect(updateTenants(world, null)).rejects.toThrow(
      "beta was not updated. Not updated: gamma.",
    );
    await listTenants(world);
    expect(said.slice(-3).map((line) => line.split(" ")[0])).toEqual(["acme", "beta", "gamma"]);
  });

  it("destroys only what its name was typed for", async () => {
    const { world, asked } = recorded();
    await createTenant(world, ACME);
    const before = asked.length;
    await expect(destroyTenant(world, "acme", "acne")).rejects.toThrow("nothing was deleted");
    expect(asked.length).toBe(before);
    await destroyTenant(world, "acme", "acme");
    expect(asked[before]).toBe("delete --force -c /tenants/acme/wrangler.toml");
    expect(asked.at(-1)).toBe("d1 delete edgepost-acme --skip-confirmation");
    await expect(destroyTenant(world, "acme", "acme")).rejects.toThrow("no tenant");
  });
});

describe("the template", () => {
  it("gives two tenants nothing in common but the code", async () => {
    const template = await readFile(join(ROOT, "wrangler.toml"), "utf8");
    const names = (name: string) => {
      const toml = tenantToml(template, { name, databaseId: null, publicUrl: null });
      return new Set(Array.from(toml.matchAll(/"(edgepost[a-z-]*)"/g), ([, found]) => found));
    };
    const [acme, beta] = [names("acme"), names("beta")];
    expect(acme.size).toBeGreaterThan(5);
    expect([...acme].filter((name) => beta.has(name))).toEqual([]);
    expect([...acme].every((name) => name?.startsWith("edgepost-acme"))).toBe(true);
  });

  it.each(["", "A", "a b", "-a", "a-", "a".repeat(32), "../x", "a;b"])(
    "takes no name %j",
    (name) => {
      expect(nameFault(name)).not.toBeNull();
    },
  );

  it("builds two tenants' Workers with wrangler, and applies their migrations", async () => {
    // wrangler writes beside the file: a copy of what it reads, so that the checkout stays clean.
    const root = join(folder, "project");
    await mkdir(root);
    for (const name of [
      "src",
      "public",
      "migrations",
      "wrangler.toml",
      "package.json",
      "tsconfig.json",
    ]) {
      await cp(join(ROOT, name), join(root, name), { recursive: true });
    }
    await symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
    const said: string[] = [];
    const world: World = {
      root,
      tenants: join(root, "tenants"),
      wrangler: (args) => askWrangler(args, folder),
      fetch: () => Promise.reject(new Error("nothing is called")),
      say: (line) => void said.push(line),
    };
    for (const name of ["acme", "beta"])
      await rehearseTenant(world, { name, relay: null, url: null });
    expect(said.filter((line) => line === "The migrations apply.").length).toBe(2);
    expect(said.filter((line) => line.startsWith("The Worker builds.")).length).toBe(2);
  });
});
