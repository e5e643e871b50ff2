// /v1/pools and its rules: what is taken, what is refused by name, what must stay.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, type TestApp, testApp } from "../../support/world.ts";
import { expectError, native, pageOf } from "./native.ts";

let key = "";
let app: TestApp;
beforeEach(async () => {
  await emptyLedger();
  key = (await givenKey()).secret;
  const { config } = testApp();
  app = testApp({ config: { ...config, defaultRelay: null }, log() {} });
  for (const id of ["r1", "r2", "r3"]) {
    await env.DB.prepare(
      `insert into relays (id, name, host, port, tls, created_at)
       values (?1, ?1, 'smtp.example.com', 587, 'starttls', 0)`,
    )
      .bind(id)
      .run();
  }
});

type Shown = { readonly id: string; readonly number: number; readonly name: string };

function create(body: object): Promise<Shown> {
  return native<Shown>(app, key, { method: "POST", path: "/v1/pools", body }, 201);
}

describe("/v1/pools", () => {
  it("always has the default pool, with the relays of no other", async () => {
    await create({ name: "Bulk", relays: [{ relay_id: "r2", weight: 3 }] });
    const { data } = await pageOf<Shown>(app, key, "/v1/pools");
    expect(data).toEqual([
      {
        id: "default",
        number: 0,
        name: "System Default Route",
        kind: "shared",
        relays: [
          { relay_id: "r1", weight: 1 },
          { relay_id: "r3", weight: 0 },
        ],
        created_at: null,
      },
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        number: expect.any(Number),
        name: "Bulk",
        kind: "shared",
        relays: [{ relay_id: "r2", weight: 3 }],
        created_at: expect.any(String),
      },
    ]);
    const relays = await pageOf<{ id: string; pools: string[] }>(app, key, "/v1/relays");
    expect(relays.data.map(({ pools }) => pools)).toEqual([
      ["default"],
      [data[1]?.id],
      ["default"],
    ]);
  });

  it("gives no number twice", async () => {
    const first = await create({ name: "A" });
    await native(app, key, { method: "DELETE", path: `/v1/pools/${first.id}` });
    expect((await create({ name: "A" })).number).toBeGreaterThan(first.number);
  });

  it("changes what is named, shows it, and removes it once", async () => {
    const { id } = await create({ name: "A", relays: [{ relay_id: "r1" }] });
    const path = `/v1/pools/${id}`;
    const body = { kind: "dedicated", relays: [{ relay_id: "r2" }] };
    const changed = await native(app, key, { method: "PATCH", path, body });
    expect(changed).toMatchObject({ name: "A", kind: "dedicated", relays: [{ relay_id: "r2" }] });
    expect(await native(app, key, { path })).toEqual(changed);
    expect(await native(app, key, { method: "DELETE", path })).toEqual({ id, deleted: true });
    const again = await ask(app, "DELETE", path, { key });
    await expectError(again, { status: 404, code: "not_found" });
  });

  it.each([
    ["name", { name: " " }],
    ["name", { name: "a@b" }],
    ["name", { name: "Taken" }],
    ["name", { name: "System Default Route" }],
    ["kind", { name: "A", kind: "private" }],
    ["relays", { name: "A", relays: "r1" }],
    ["relays[0].relay_id", { name: "A", relays: [{ relay_id: "nobody" }] }],
    ["relays[1].relay_id", { name: "A", relays: [{ relay_id: "r1" }, { relay_id: "r1" }] }],
    ["relays[0].weight", { name: "A", relays: [{ relay_id: "r1", weight: -1 }] }],
    ["relays[0].weight", { name: "A", relays: [{ relay_id: "r1", weight: 1.5 }] }],
  ])("refuses %s in %j", async (field, body) => {
    await create({ name: "Taken" });
    const answer = await ask(app, "POST", "/v1/pools", { key, body });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });

  it("refuses a relay that a dedicated pool has, and to change or remove the default pool", async () => {
    await create({ name: "Own", kind: "dedicated", relays: [{ relay_id: "r1" }] });
    const body = { name: "A", relays: [{ relay_id: "r1" }] };
    const conflict = { status: 409, code: "conflict" };
    await expectError(await ask(app, "POST", "/v1/pools", { key, body }), conflict);
    const change = await ask(app, "PATCH", "/v1/pools/default", { key, body: { name: "x" } });
    await expectError(change, conflict);
    await expectError(await ask(app, "DELETE", "/v1/pools/default", { key }), conflict);
    await expectError(await ask(app, "DELETE", "/v1/relays/r1", { key }), conflict);
  });
});

describe("/v1/pools/rules", () => {
  it("are replaced as a whole, in their order, and keep their pool", async () => {
    const { id } = await create({ name: "A" });
    const rules = [
      { pool_id: id, mail_class: "marketing", key_id: null, tag: null, domain: "Bücher.example" },
      { pool_id: "default", mail_class: null, key_id: "k", tag: "spring", domain: null },
    ];
    const put = await ask(app, "PUT", "/v1/pools/rules", { key, body: { rules } });
    expect(put.status).toBe(200);
    const { data } = await pageOf(app, key, "/v1/pools/rules");
    expect(data).toEqual([{ ...rules[0], domain: "xn--bcher-kva.example" }, rules[1]]);
    const kept = await ask(app, "DELETE", `/v1/pools/${id}`, { key });
    await expectError(kept, { status: 409, code: "conflict" });
    await ask(app, "PUT", "/v1/pools/rules", { key, body: { rules: [] } });
    expect((await pageOf(app, key, "/v1/pools/rules")).data).toEqual([]);
  });

  it.each([
    ["rules", {}],
    ["rules[0].pool_id", { rules: [{ pool_id: "nobody" }] }],
    ["rules[0].mail_class", { rules: [{ pool_id: "default", mail_class: "bulk" }] }],
    ["rules[0].tag", { rules: [{ pool_id: "default", tag: "a@b" }] }],
    ["rules[0].domain", { rules: [{ pool_id: "default", domain: "x" }] }],
  ])("refuse %s in %j", async (field, body) => {
    const answer = await ask(app, "PUT", "/v1/pools/rules", { key, body });
    await expectError(answer, { status: 400, code: "invalid_request", field });
  });
});
