// A canary: an address that stands in every place where an address can come to stand, in several spellings,
// and a search of every byte that is stored.
import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import schema from "../../schema.sql?raw";
import { receiveReports } from "../../src/inbound/receive.ts";
import { fromBase64, toBase64, utf8 } from "../../src/lib/bytes.ts";
import { md5Hex } from "../../src/lib/digest.ts";
import type { ContactWrite } from "../../src/model/contact.ts";
import { insertJob } from "../../src/store/contact-job.ts";
import { runTail } from "../../src/notify/tail.ts";
import { countStats } from "../../src/record/stats.ts";
import { consume } from "../../src/queue/consume.ts";
import { recordFacts } from "../../src/track/consume.ts";
import { startHttpReceiver } from "../peers/client.ts";
import type { SmtpScript } from "../peers/script.ts";
import { acceptBatch, item } from "./batch.ts";
import { writeJobs } from "./contact-jobs.ts";
import type { QueueWorld } from "./queue-world.ts";
import { BROWSER, follow, type tracking } from "./tracking.ts";
import { ask, email, givenKey } from "./world.ts";

/** The address as deliveries have it, and as people write it. */
export const CANARY = "canary.bird@example.com";
export const WRITTEN = "Canary.Bird@Example.com";

/** What the stored bytes are searched for, in lower case. */
const SPELLINGS = [
  CANARY,
  "canary.bird%40example.com",
  "canary.bird&#64;example.com",
  "canary.=\r\nbird=40example.com",
];

/** A relay whose words name it whoever the mail is for. */
export const QUOTING: SmtpScript = {
  rules: [{ at: "dot", do: { reply: `250 2.0.0 Ok, for <${WRITTEN}> mark-history` } }],
};

/** Columns that schema.sql marks as personal, as `table.column`. */
export function personalColumns(): readonly string[] {
  return [...schema.matchAll(/create table (\w+) \(([\s\S]*?)\n\)/g)].flatMap(
    ([, table = "", body = ""]) =>
      [...body.matchAll(/^ {2}(\w+) [^\n]*-- \[personal\]/gm)].map(
        ([, name]) => `${table}.${name}`,
      ),
  );
}

const LARGE = "<p>much</p>".repeat(4_000);

/** Lets the canary come to stand everywhere; answers the ids of the messages, by what they are. */
export async function givenCanary(world: QueueWorld, queue: ReturnType<typeof tracking>) {
  const { app, key } = world;
  const hook = await startHttpReceiver({ replies: [{ status: 500 }] });
  const created = await ask(app, "POST", "/v1/webhooks", { key, body: { url: hook.url } });
  const { data: webhook } = await created.json<{ data: { id: string } }>();
  const csv = (mark: string) => [
    { filename: `${WRITTEN}.csv`, content: toBase64(utf8(`a,b\n${WRITTEN},${mark}\n`)) },
  ];
  const canary = {
    email: WRITTEN,
    name: `${WRITTEN} mark-recipients`,
    variables: { greeting: `mark-head ${WRITTEN}` },
  };
  const bob = { email: "bob@example.com", name: "Bob", variables: { greeting: "hello" } };
  const post = async (change: object, rest: object = {}, headers: Record<string, string> = {}) => {
    const answer = await world.post({ ...email({ ...change }), ...rest }, headers);
    if (answer.status !== 200) throw new Error(await answer.text());
    return answer.headers.get("X-Message-Id") ?? "";
  };
  const alone = await post(
    {
      fromName: `Shop for ${WRITTEN} mark-fromname`,
      subject: `mark-subject ${WRITTEN}`,
      text: `Dear {{greeting}},\n${WRITTEN}`,
      html: `<a href="https://shop.example/?for=canary.bird%40example.com">x</a> canary.bird&#64;example.com`,
      headers: { "X-For": WRITTEN },
      recipients: { to: [canary] },
      attachments: csv("mark-parts"),
    },
    {
      "x-kasplo-click-tracking-id": `mark-tags-${WRITTEN}`,
      metadata: {
        own: `mark-metadata ${WRITTEN}`,
      },
    },
    { "Idempotency-Key": `mark-key-${WRITTEN}` },
  );
  const shared = await post({
    subject: `To both, ${WRITTEN}`,
    text: `{{greeting}} ${WRITTEN}`,
    html: `${LARGE}${WRITTEN}`,
    recipients: { to: [bob], cc: [canary] },
    attachments: csv("x"),
  });
  const small = await post({ text: WRITTEN, recipients: { to: [canary, bob] } });
  const large = await post({ html: LARGE + WRITTEN, recipients: { to: [canary] } });
  await acceptBatch(world, [
    item([WRITTEN], { subject: "Of a batch", text: WRITTEN }),
    item(["bob@example.com"], { subject: `mark-items ${WRITTEN}`, text: "to bob" }),
  ]);
  const mime = await rawFor(world);
  await consume(app);
  await app.idle();
  await readByCanary(world, queue, alone);

  // Mail that was never sent to it names it too.
  const other = await post({
    subject: `About ${WRITTEN}`,
    text: `Write to\n${WRITTEN}.`,
    replyTo: [WRITTEN, "desk@example.com"],
    recipients: { to: [bob] },
    attachments: csv("x"),
  });
  const otherLarge = await post({ html: LARGE + WRITTEN, recipients: { to: [bob] } });
  await consume(app);
  await app.idle();

  await countStats(app);
  await suppressed(world);
  await subscribed();
  await givenKey({ name: `${WRITTEN} mark-keyname` });
  await ask(app, "POST", "/v1/account/credits", {
    key,
    body: { amount: 1_000, reason: `mark-credit, ${WRITTEN} asked` },
  });
  await ask(app, "POST", "/v1/smtp-credentials", {
    key,
    body: { name: `${WRITTEN} mark-login`, domain: "edgepost.test" },
  });
  await env.DB.prepare("insert into relay_health (relay_id, failures, reason) values ('r', 1, ?1)")
    .bind(`454 no room for ${WRITTEN} mark-health`)
    .run();
  await runTail(app, webhook.id);
  await hook.stop();
  // What its object keeps; woken, it would try again meanwhile.
  await runInDurableObject(env.WEBHOOK_TAIL.getByName(webhook.id), (_, { storage }) =>
    storage.put("webhookId", webhook.id),
  );
  return { alone, shared, small, large, mime, other, otherLarge };
}

/** The contact, and a job that names it. */
async function subscribed(): Promise<void> {
  const person = {
    email: CANARY,
    firstName: `mark-first ${WRITTEN}`,
    lastName: `mark-last of ${WRITTEN}`,
  };
  const values = { all: { 1: `mark-field ${WRITTEN}` }, list: { 2: `mark-own ${WRITTEN}` } };
  const contacts = [{ ...person, fields: values }];
  const job = { update: true, tagIds: [1], defaults: { all: {}, list: {} }, contacts };
  await env.DB.batch([
    env.DB.prepare(`insert into lists (id, list_id, name, status, settings, created_at, updated_at)
      values (1, 'a', 'News', 'active', ?1, 0, 0)`).bind(
      JSON.stringify({ preview_custom_field_data: { 1: `mark-settings ${WRITTEN}` } }),
    ),
    env.DB.prepare(
      "insert into seed_lists (name, addresses, created_at) values ('Us', ?1, 0)",
    ).bind(JSON.stringify([`${WRITTEN} mark-seed`])),
    env.DB.prepare(`insert into tags (id, tag_id, name, status, created_at, modified_at)
      values (1, 'b', 'friends', 'active', 0, 0)`),
  ]);
  await insertJob(env.DB, 1, job, 0);
  await writeJobs(env.DB, 0);
  await env.DB.prepare("update memberships set subscribe_ip = ?1").bind(`mark-ip ${WRITTEN}`).run();
  const refused = (mark: string) =>
    JSON.stringify([{ line: 2, reason: "Invalid email", cells: [`${mark} ${WRITTEN}`] }]);
  await env.DB.batch([
    env.DB.prepare(`insert into imports (id, key_id, state, bytes, header, start_offset, start_line,
      place, line, errors, created_at, expires_at)
      values ('i', 'k', 'done', 1, '[]', 0, 1, 1, 2, ?1, 0, 0)`).bind(
      refused("mark-first-refused"),
    ),
    env.DB.prepare("insert into import_errors (import_id, place, errors) values ('i', 1, ?1)").bind(
      refused("mark-refused"),
    ),
  ]);
  await insertJob(env.DB, 1, { ...job, contacts: contacts.map(named("mark-job")) }, 0);
}

function named(firstName: string) {
  return (contact: ContactWrite): ContactWrite => ({ ...contact, firstName });
}

/** A MIME message to Bob and the canary, in whose header, quoted-printable and base64 it stands. */
async function rawFor({ app, key }: QueueWorld): Promise<string> {
  const lines = toBase64(utf8(`${"much ".repeat(60)}${WRITTEN}`)).match(/.{1,76}/g) ?? [];
  const body = [
    `From: sender@edgepost.test`,
    `To: "${WRITTEN}" <${WRITTEN}>, bob@example.com`,
    `Subject: =?utf-8?B?${toBase64(utf8(WRITTEN))}?=`,
    `MIME-Version: 1.0`,
    `Content-Type: multipart/alternative; boundary="b"`,
    ``,
    `--b`,
    `Content-Type: text/plain`,
    `Content-Transfer-Encoding: quoted-printable`,
    ``,
    `to Canary.=`,
    `Bird=40Example.com`,
    `--b`,
    `Content-Type: text/html`,
    `Content-Transfer-Encoding: base64`,
    ``,
    ...lines,
    `--b--`,
    ``,
  ].join("\r\n");
  const headers = { "Content-Type": "message/rfc822" };
  const query = `from=sender@edgepost.test&to=bob@example.com,${WRITTEN}`;
  const answer = await ask(app, "POST", `/v1/send-raw?${query}`, { key, body, headers });
  if (answer.status !== 200) throw new Error(await answer.text());
  return answer.headers.get("X-Message-Id") ?? "";
}

/** Opens, clicks, answers, and does what else leaves a trace. */
async function readByCanary(
  world: QueueWorld,
  queue: ReturnType<typeof tracking>,
  messageId: string,
): Promise<void> {
  const { app } = world;
  const url = "https://shop.example/?for=canary.bird%40example.com";
  const link = { messageId, position: 0 };
  const by = { headers: { "User-Agent": BROWSER, "CF-Connecting-IP": "192.0.2.7" } };
  for (const one of [
    { kind: "open", ...link } as const,
    { kind: "click", index: 0, url, ...link } as const,
  ]) {
    await follow(app, (await queue.links?.urlOf(one)) ?? "", by);
  }
  await app.idle();
  await recordFacts(app, queue.facts);
  const said = { kind: "auto_reply", reply: `away, says ${WRITTEN} mark-activity` } as const;
  await receiveReports(app, [{ place: { by: "place", ...link }, at: app.now(), said }]);
}

/** Entries that stand and that were removed, of the canary and about it. */
async function suppressed({ app, key }: QueueWorld): Promise<void> {
  const entry = (body: object) => ask(app, "POST", "/v1/suppressions", { key, body });
  await entry({ email: WRITTEN, scope: "unsubscribe", reason: `mark-reason ${WRITTEN}` });
  await entry({ email: "dup@example.org", reason: `the same as ${WRITTEN}` });
  for (const email of [WRITTEN, "dup@example.net"]) {
    await entry({ email, scope: "global", reason: `was ${WRITTEN}` });
    const body = { reason: `mark-change, asked by ${WRITTEN}`, scope: "global" };
    await ask(app, "DELETE", `/v1/suppressions/${encodeURIComponent(email)}`, { key, body });
  }
}

/** Everywhere that a byte of the canary stands: `table.column`, `r2 <key>`, `object <id>`. */
export async function whereCanaryStands(): Promise<readonly string[]> {
  const found = new Set<string>();
  const look = async (place: string, value: unknown) => {
    if (await namesCanary(value)) found.add(place);
  };
  const { results: tables } = await env.DB.prepare(
    `select name from sqlite_master where type = 'table' and name not like '\\_cf%' escape '\\'
     and name not like 'sqlite%'`,
  ).all<{ name: string }>();
  for (const { name } of tables) {
    const { results } = await env.DB.prepare(`select * from ${name}`).all();
    for (const row of results) {
      for (const [column, value] of Object.entries(row)) await look(`${name}.${column}`, value);
    }
  }
  const { objects } = await env.CONTENT.list({ include: ["customMetadata"] });
  for (const { key, customMetadata } of objects) {
    const object = await env.CONTENT.get(key);
    await look(`r2 ${key}`, `${key} ${JSON.stringify(customMetadata)} ${await object?.text()}`);
  }
  for (const id of await listDurableObjectIds(env.WEBHOOK_TAIL)) {
    await look(`object ${id.toString()}`, await storedIn(env.WEBHOOK_TAIL.get(id)));
  }
  for (const id of await listDurableObjectIds(env.LIVE_FEED)) {
    await look(`object ${id.toString()}`, await storedIn(env.LIVE_FEED.get(id)));
  }
  for (const id of await listDurableObjectIds(env.QUOTA)) {
    await look(`object ${id.toString()}`, await storedIn(env.QUOTA.get(id)));
  }
  return [...found].sort();
}

function storedIn(object: DurableObjectStub): Promise<string> {
  return runInDurableObject(object, async (_, { storage }) =>
    JSON.stringify([...(await storage.list())]),
  );
}

async function namesCanary(value: unknown): Promise<boolean> {
  if (typeof value === "string") {
    const bytes = fromBase64(value);
    const texts = bytes ? [value, new TextDecoder().decode(bytes)] : [value];
    // Base64 in a mail that came as MIME.
    const inside = texts.flatMap((text) =>
      [...text.matchAll(/\r\n\r\n([A-Za-z0-9+/=\r\n]{40,})/g)].map(([, lines = ""]) =>
        new TextDecoder().decode(fromBase64(lines) ?? new Uint8Array()),
      ),
    );
    return [...texts, ...inside].some((text) =>
      SPELLINGS.some((one) => text.toLowerCase().includes(one)),
    );
  }
  // D1 gives a blob as an array of its bytes; the only one is an MD5.
  return Array.isArray(value) && hexOf(value) === md5Hex(CANARY);
}

function hexOf(bytes: readonly unknown[]): string {
  return bytes.map((byte) => Number(byte).toString(16).padStart(2, "0")).join("");
}
