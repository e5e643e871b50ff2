// Invitations and resets by mail: the link reaches its user and stands nowhere else; who asks for a reset learns
// nothing about who has an account.
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CONCEALED } from "../../../src/model/sealed.ts";
import { hashPassword } from "../../../src/lib/password.ts";
import { INVITATION_MS, RESET_MS } from "../../../src/model/invitation.ts";
import { FREE_OF_ADDRESS, RESETS } from "../../../src/model/log-in.ts";
import type { Role } from "../../../src/model/permission.ts";
import { consume } from "../../../src/queue/consume.ts";
import { bytesOf } from "../../peers/client.ts";
import { countOf } from "../../support/ledger.ts";
import { givenPerson, givenUser, type Person } from "../../support/people.ts";
import { HOUR, queueWorld, type QueueWorld } from "../../support/queue-world.ts";
import { ask, givenDomain } from "../../support/world.ts";
import { expectError, suppress } from "./native.ts";

const PASSWORD = "correct horse battery";
/** Hashed once: it takes a fifth of a second. */
const HASHED = hashPassword(PASSWORD);
const PUBLIC = "https://mail.edgepost.test";

let world: QueueWorld;
let boss: Person;
let admin: Person;

beforeEach(async () => {
  world = await queueWorld();
  const app = { ...world.app, config: { ...world.app.config, publicUrl: PUBLIC } };
  world = { ...world, app };
  const tables = ["users", "module_grants", "sessions", "log_in_tries", "sender_domains"];
  await env.DB.batch(tables.map((table) => env.DB.prepare(`delete from ${table}`)));
  await givenDomain("edgepost.test", { defaultSender: "team@edgepost.test" });
  boss = await givenPerson({ role: "super_admin", now: world.clock.now(), password: HASHED });
  admin = await givenPerson({ role: "admin", now: world.clock.now(), password: HASHED });
});
afterEach(() => world.stop());

type Invited = {
  readonly id: string;
  readonly invitation_url: string | null;
  readonly mail: { readonly sent: boolean; readonly reason: string | null; message_id: string };
};

async function invite(
  email = "new@people.test",
  query = "",
  role: Role = "analyst",
): Promise<Invited> {
  const body = { email, name: "New {{link}}", role };
  const asked = { headers: boss.headers, body };
  const answer = await ask(world.app, "POST", `/v1/users${query}`, asked);
  expect(answer.status).toBe(201);
  return (await answer.json<{ data: Invited }>()).data;
}

function reset(email: string, headers: Record<string, string> = {}): Promise<Response> {
  return ask(world.app, "POST", "/v1/sessions/reset", { body: { email }, headers });
}

/** What the relay was handed, as text. */
async function delivered(): Promise<readonly string[]> {
  await world.app.idle();
  await consume(world.app);
  const { messages } = await world.peer.log();
  return messages.map(({ content }) => new TextDecoder().decode(bytesOf(content)));
}

const LINK = /https:\S+#\/invitation\/\S+/;

async function linkIn(mails: readonly string[]): Promise<string> {
  const mail = (mails.at(-1) ?? "").replaceAll("=\r\n", "").replaceAll("=3D", "=");
  return LINK.exec(mail)?.[0] ?? "";
}

function choose(link: string): Promise<Response> {
  const body = { token: link.split("#/invitation/")[1], password: "another horse battery" };
  return ask(world.app, "POST", "/v1/invitations", { body });
}

/** Everything that is kept, as one text. */
async function everythingKept(): Promise<string> {
  const { results } = await env.DB.prepare(
    `select name from sqlite_master where type = 'table' and name not like '\\_cf%' escape '\\'
     and name not like 'sqlite%' and name not like 'd1%'`,
  ).all<{ name: string }>();
  const tables = results.map(({ name }) => env.DB.prepare(`select * from "${name}"`).all());
  return JSON.stringify((await Promise.all(tables)).map((table) => table.results));
}

describe("an invitation by mail", () => {
  it("comes from the default sender to the user, who chooses a password with it", async () => {
    const made = await invite();
    expect(made).toMatchObject({ invitation_url: null, mail: { sent: true, reason: null } });
    const mails = await delivered();
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatch(/^From: team@edgepost\.test\r$/m);
    const link = await linkIn(mails);
    expect(link.startsWith(`${PUBLIC}/portal#/invitation/${made.id}.`)).toBe(true);
    expect((await choose(link)).status).toBe(200);
    expect((await choose(link)).status).toBe(401);
  });

  it("keeps its link from whoever may read messages, from what is stored and from logs", async () => {
    const { mail } = await invite();
    const link = await linkIn(await delivered());
    const token = link.split("#/invitation/")[1] ?? "";
    expect(token.length).toBeGreaterThan(80);
    const { headers } = boss;
    const path = `/v1/messages/${mail.message_id}`;
    const raw = await (await ask(world.app, "GET", `${path}/raw`, { headers })).text();
    expect(raw).toContain(CONCEALED);
    const views = [path, `${path}/webhooks`, "/v1/messages", "/v1/events", "/v1/audit"];
    const shown = views.map(async (view) =>
      (await ask(world.app, "GET", view, { headers })).text(),
    );
    const secret = token.split(".")[2] ?? "";
    for (const text of [raw, ...(await Promise.all(shown)), await everythingKept()]) {
      expect(text).not.toContain(secret);
    }
    expect(world.logged.join()).not.toContain(secret);
    expect(secret.length).toBe(43);
  });

  it("can be sent again as it was, by its message", async () => {
    const { mail } = await invite();
    const link = await linkIn(await delivered());
    const { headers } = boss;
    await ask(world.app, "POST", `/v1/messages/${mail.message_id}/resend`, { headers });
    const mails = await delivered();
    expect([mails.length, await linkIn(mails)]).toEqual([2, link]);
  });

  it("does not read the user's name as a template", async () => {
    await invite();
    const [mail = ""] = await delivered();
    expect(mail).toContain("Hello New {{link}},");
    expect(mail.match(/#\/invitation/g)).toHaveLength(1);
  });

  it.each([
    ["there is no default sender", "update sender_domains set default_sender = null", "default"],
    ["its domain is not verified", "update sender_domains set verified = 0", "verified"],
  ])("is not sent while %s: the link is shown, and why", async (_why, sql, word) => {
    await env.DB.prepare(sql).run();
    const { invitation_url: url, mail } = await invite();
    expect(mail).toMatchObject({ sent: false, message_id: null });
    expect(mail.reason).toContain(word);
    expect(await countOf("messages")).toBe(0);
    expect((await choose(url ?? "")).status).toBe(200);
  });

  it("is not sent to who is suppressed, nor where nobody knows what this Worker is called", async () => {
    await suppress("new@people.test");
    const stopped = await invite();
    expect(stopped.mail.reason).toContain("suppressed");
    expect(stopped.invitation_url).toMatch(LINK);
    const config = { ...world.app.config, publicUrl: null, localDev: false };
    world = { ...world, app: { ...world.app, config } };
    expect((await invite("b@people.test")).mail.reason).toContain("PUBLIC_URL");
    expect(await countOf("messages")).toBe(0);
  });

  it("of a Super Admin is shown to who made it, for an admin may set the relay", async () => {
    const { invitation_url: url, mail } = await invite("second@people.test", "", "super_admin");
    expect(mail).toMatchObject({ sent: false, message_id: null });
    expect(mail.reason).toContain("relay");
    expect((await choose(url ?? "")).status).toBe(200);
    expect((await invite("third@people.test", "", "admin")).mail.sent).toBe(true);
  });

  it("is shown when that is asked for, and is sent anew for who has one", async () => {
    const { id, invitation_url: url } = await invite("new@people.test", "?mail=false");
    expect(url).toMatch(LINK);
    expect(await countOf("messages")).toBe(0);
    const asked = { headers: boss.headers };
    const answer = await ask(world.app, "POST", `/v1/users/${id}/invitation`, asked);
    const { data } = await answer.json<{ data: Invited }>();
    expect([data.invitation_url, data.mail.sent]).toEqual([null, true]);
    const mailed = await linkIn(await delivered());
    world.clock.advance(INVITATION_MS - HOUR);
    expect((await choose(mailed)).status).toBe(200);
    expect((await choose(url ?? "")).status).toBe(401);
  });
});

describe("a reset", () => {
  it("is mailed to who asks, works once and for an hour, and ends all sessions", async () => {
    expect((await reset(admin.email.toUpperCase())).status).toBe(202);
    const link = await linkIn(await delivered());
    expect((await reset(admin.email)).status).toBe(202);
    const second = await linkIn(await delivered());
    expect((await choose(link)).status).toBe(200);
    expect((await choose(second)).status).toBe(401);
    expect((await ask(world.app, "GET", "/v1/me", { headers: admin.headers })).status).toBe(401);
    await reset(admin.email);
    const late = await linkIn(await delivered());
    world.clock.advance(RESET_MS);
    expect((await choose(late)).status).toBe(401);
  });

  it("leads to this Worker by its own name, whatever the request calls it", async () => {
    const { handle } = await import("../../../src/accept/http.ts");
    const request = new Request("https://evil.example/v1/sessions/reset", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email: admin.email }),
    });
    expect((await handle(world.app, request)).status).toBe(202);
    const mails = await delivered();
    expect(await linkIn(mails)).toContain(`${PUBLIC}/portal`);
    expect(mails.join()).not.toContain("evil.example");
  });

  it("is answered alike for who is a user, who is disabled, and who is nobody", async () => {
    const off = await givenUser({ role: "admin", password: HASHED });
    await env.DB.prepare("update users set disabled_at = 1 where id = ?1").bind(off.id).run();
    const answers = await Promise.all(
      [admin.email, off.email, "nobody@people.test"].map(async (email) => {
        const answer = await reset(email);
        const headers = Object.fromEntries(answer.headers);
        delete headers["x-request-id"];
        return { status: answer.status, headers, text: (await answer.text()).replace(email, "") };
      }),
    );
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(202);
    expect(await delivered()).toHaveLength(1);
  });

  it("of a Super Admin is answered alike and not mailed: an admin's relay would read it", async () => {
    const answer = await reset(boss.email);
    expect([answer.status, await answer.json()]).toEqual([202, { data: { email: boss.email } }]);
    expect(await delivered()).toEqual([]);
    expect(await countOf("messages")).toBe(0);
    expect(world.logged).toContain("reset_not_mailed");
  });

  it("takes as long for all of them: the answer waits for nothing that knows users", async () => {
    for (const email of [admin.email, "nobody@people.test"]) {
      world.d1.reset();
      let open = (): void => undefined;
      const closed = new Promise<void>((resolve) => (open = resolve));
      // What is done in the background does not begin before the answer is there.
      const held = {
        ...world.app,
        db: new Proxy(world.app.db, {
          get(target, name) {
            if (name !== "prepare") return Reflect.get(target, name);
            return (sql: string) => {
              const statement = target.prepare(sql);
              if (!sql.includes("from users")) return statement;
              return {
                bind: () => ({ all: () => closed.then(() => Promise.reject(new Error())) }),
              };
            };
          },
        }),
      };
      const body = { email };
      expect((await ask(held, "POST", "/v1/sessions/reset", { body })).status).toBe(202);
      expect(world.d1.calls()).toHaveLength(1);
      open();
      await world.app.idle();
    }
  });

  it("is refused when there were too many, for an address that somebody has or nobody", async () => {
    for (const email of [admin.email, "nobody@people.test"]) {
      for (let n = 0; n <= RESETS.free; n++) expect((await reset(email)).status).toBe(202);
      const refused = await reset(email);
      expect(refused.headers.get("Retry-After")).toBe(String(RESETS.firstMs / 1_000));
      await expectError(refused, { status: 429, code: "too_many_attempts" });
    }
    expect(await delivered()).toHaveLength(RESETS.free + 1);
    // Nobody is kept from signing in by it.
    const body = { email: admin.email, password: PASSWORD };
    expect((await ask(world.app, "POST", "/v1/sessions", { body })).status).toBe(201);
  });

  it("is refused to a network address that asks for many", async () => {
    const from = (network: number) => ({ "CF-Connecting-IP": `192.0.2.${network}` });
    for (let n = 0; n <= FREE_OF_ADDRESS; n++) {
      expect((await reset(`${n}@people.test`, from(7))).status).toBe(202);
    }
    expect((await reset("x@people.test", from(7))).status).toBe(429);
    expect((await reset("x@people.test", from(8))).status).toBe(202);
  });

  it("is told in the log where no mail can be sent, without an address", async () => {
    await env.DB.prepare("update sender_domains set default_sender = null").run();
    expect((await reset(admin.email)).status).toBe(202);
    await world.app.idle();
    expect(world.logged).toContain("reset_not_mailed");
  });

  it("is asked for with an address", async () => {
    const field = { status: 400, code: "invalid_request", field: "email" };
    await expectError(await reset("nobody"), field);
    const foreign = await reset(admin.email, { Origin: "https://evil.example" });
    await expectError(foreign, { status: 403, code: "not_permitted" });
  });
});
