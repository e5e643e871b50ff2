// /v1/recipients/:email through the front door: everything that is kept of an address, and erasing it.
import PostalMime from "postal-mime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recipientEndpoints } from "../../../src/accept/kasplo/recipients.ts";
import { md5Hex } from "../../../src/lib/digest.ts";
import { workOnErasures } from "../../../src/queue/erase.ts";
import { CANARY, givenCanary, personalColumns, QUOTING, WRITTEN } from "../../support/canary.ts";
import { emptyBlobs } from "../../support/past.ts";
import { queueWorld, type QueueWorld } from "../../support/queue-world.ts";
import { tracking } from "../../support/tracking.ts";
import { ask, givenKey } from "../../support/world.ts";
import { expectError, native, pageOf, pages } from "./native.ts";

type Item = { readonly kind: string; readonly raw?: string | null } & Record<string, unknown>;

let world: QueueWorld;
let queue: ReturnType<typeof tracking>;

beforeEach(async () => {
  await emptyBlobs();
  queue = tracking();
  world = await queueWorld(QUOTING, { ...queue, wakeTail: () => Promise.resolve() });
});
afterEach(() => world.stop());

const path = (address: string) => `/v1/recipients/${encodeURIComponent(address)}`;
const dossier = async (limit: number, address = WRITTEN) =>
  (await pages<Item>(world.app, world.key, `${path(address)}?limit=${limit}`)).flat();

/** What a column's value says of itself in the canary's world, as an answer shows it. */
async function marks(): Promise<Readonly<Record<string, string>>> {
  return {
    "contact_jobs.job": "mark-job",
    "contacts.email": `"kind":"contact","id":`,
    "contacts.fields": "mark-field",
    "contacts.first_name": "mark-first",
    "contacts.last_name": "mark-last",
    "contents.head": "mark-head",
    "contents.parts": "mark-parts",
    "credit_ledger.reason": "mark-credit",
    "deliveries.activity": "mark-activity",
    "deliveries.history": "mark-history",
    "deliveries.md5": md5Hex(CANARY),
    "deliveries.recipient": `"email":"Canary.Bird@example.com"`,
    "event_log.events": `"event":"click"`,
    "import_errors.errors": "mark-refused",
    "imports.errors": "mark-first-refused",
    "keys.name": "mark-keyname",
    "lists.settings": "mark-settings",
    "memberships.fields": "mark-own",
    "memberships.subscribe_ip": "mark-ip",
    "messages.from_name": "mark-fromname",
    "messages.idempotency_key": "mark-key",
    "messages.items": "mark-items",
    "messages.metadata": "mark-metadata",
    "messages.recipients": "mark-recipients",
    "messages.subject": "mark-subject",
    "messages.tags": "mark-tags",
    "relay_health.reason": "mark-health",
    "seed_lists.addresses": "mark-seed",
    "smtp_credentials.name": "mark-login",
    "stats_days.tags": `"in":"stats_days.tags"`,
    "stats_hours.tags": `"in":"stats_hours.tags"`,
    "suppression_changes.address": `"kind":"suppression_change"`,
    "suppression_changes.reason": "mark-change",
    "suppressions.address": `"entry":"${CANARY}"`,
    "suppressions.reason": "mark-reason",
    "webhook_jobs.entries": `"kind":"webhook_failure"`,
  };
}

describe("GET /v1/recipients/:email", () => {
  it("tells all of every column that holds personal data (schema.sql says which)", async () => {
    await givenCanary(world, queue);
    const items = await dossier(100);
    const told = [JSON.stringify(items)];
    // The mail itself, with its files, while it is kept.
    for (const { raw } of items) {
      if (!raw) continue;
      const answer = await ask(world.app, "GET", raw, { key: world.key });
      const { attachments } = await PostalMime.parse(await answer.arrayBuffer());
      told.push(...attachments.map(({ content }) => new TextDecoder().decode(bytesOf(content))));
    }
    const expected = await marks();
    // A new column of this kind needs a mark here, and must be told.
    expect(Object.keys(expected)).toEqual(personalColumns().toSorted());
    const missing = Object.entries(expected).filter(
      ([, mark]) => !told.some((text) => text.includes(mark)),
    );
    expect(missing).toEqual([]);
  });

  it("shows each delivery with its mail, attempts, events and variables", async () => {
    const { alone, shared } = await givenCanary(world, queue);
    const items = await dossier(100);
    const deliveries = items.filter(({ kind }) => kind === "delivery");
    expect(deliveries).toHaveLength(6);
    expect(deliveries[0]).toMatchObject({
      click_tracking_id: `${alone}:0`,
      role: "to",
      state: "delivered",
      attempts: [{ result: "success" }],
      activity: [{ event: "open" }, { event: "click" }, { event: "auto_reply", code: 60 }],
      message: { id: alone, mail_class: "transactional" },
      variables: { greeting: `mark-head ${WRITTEN}` },
      raw: `/v1/messages/${alone}/raw?index=0`,
    });
    expect(deliveries[0]?.["events"]).toMatchObject([
      { event: "delivery_attempt" },
      { event: "open" },
      { event: "click" },
      { event: "bounce_all" },
    ]);
    expect(deliveries[1]).toMatchObject({ click_tracking_id: `${shared}:1`, role: "cc" });
    // Nothing that is another's only.
    expect(JSON.stringify(deliveries)).not.toContain("bob@example.com");
  });

  it.each([1, 7])("tells the same in pages of %i", async (limit) => {
    await givenCanary(world, queue);
    const paged = await pages<Item>(world.app, world.key, `${path(WRITTEN)}?limit=${limit}`);
    const whole = await dossier(100);
    expect(paged.flat()).toEqual(whole);
  });

  it("is empty for an address that nobody knows", async () => {
    await givenCanary(world, queue);
    const page = await pageOf(world.app, world.key, path("nobody@example.com"));
    expect(page).toEqual({ data: [], next_cursor: null });
  });

  it.each([
    ["/v1/recipients/nobody", "email"],
    [`${path(WRITTEN)}?limit=0`, "limit"],
    [`${path(WRITTEN)}?cursor=nonsense`, "cursor"],
    [`${path(WRITTEN)}?cursor=${btoa('{"stage":"contents","after":"x"}')}`, "cursor"],
    [`${path(WRITTEN)}?cursor=${btoa('{"stage":"keys","after":"x"}')}`, "cursor"],
    [`${path(WRITTEN)}?cursor=${btoa('{"stage":"sqlite_master","after":""}')}`, "cursor"],
  ])("refuses %s", async (asked, field) => {
    const answer = await ask(world.app, "GET", asked, { key: world.key });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });
});

describe("DELETE /v1/recipients/:email", () => {
  it("is begun at once and told of until it is done", async () => {
    const asked = { method: "DELETE", path: path(WRITTEN) };
    const woken: string[] = [];
    const background = (work: string) => Promise.resolve(void woken.push(work));
    const app = { ...world.app, wake: { ...world.app.wake, background } };
    const erasure = await native<Record<string, unknown>>(app, world.key, asked, 202);
    await world.app.idle();
    expect(erasure).toEqual({
      email: CANARY,
      state: "running",
      requested_at: "2026-11-21T10:00:00.000Z",
      cleared_at: null,
      finished_at: null,
    });
    expect(woken).toEqual(["erasures"]);
    await workOnErasures(world.app);
    const state = { path: `${path(CANARY)}/erasure` };
    expect(await native(world.app, world.key, state)).toEqual({
      ...erasure,
      cleared_at: "2026-11-21T10:00:00.000Z",
    });
  });

  it("answers 404 for an erasure that nobody asked for, 400 for what is no address", async () => {
    const { app, key } = world;
    const none = await ask(app, "GET", `${path(WRITTEN)}/erasure`, { key });
    await expectError(none, { status: 404, code: "not_found" });
    const wrong = await ask(app, "DELETE", "/v1/recipients/@example.com", { key });
    await expectError(wrong, { status: 400, code: "invalid_request", field: "email" });
  });

  it("is not answered before the ledger in R2 has it", async () => {
    const blobs = new Proxy(world.app.blobs, {
      get(target, name) {
        if (name === "put") return () => Promise.reject(new Error("R2: injected"));
        return Reflect.get(target, name);
      },
    });
    const app = { ...world.app, blobs };
    const answer = await ask(app, "DELETE", path(WRITTEN), { key: world.key });
    await expectError(answer, { status: 503, code: "unavailable" });
  });

  it("needs the scope manage; looking needs read", async () => {
    for (const { method, scope } of recipientEndpoints) {
      expect(scope).toBe(method === "GET" ? "read" : "manage");
    }
    const { secret } = await givenKey({ scopes: ["read", "send"] });
    const answer = await ask(world.app, "DELETE", path(WRITTEN), { key: secret });
    await expectError(answer, { status: 403, code: "insufficient_scope" });
    expect((await pageOf(world.app, secret, path("nobody@example.com"))).data).toEqual([]);
  });
});

function bytesOf(content: ArrayBuffer | Uint8Array | string): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}
