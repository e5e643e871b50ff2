// /v1/exports: what may be asked for, how it is shown, and how it ends.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { workOnExports } from "../../../src/export/work.ts";
import { MAX_LIVING_EXPORTS } from "../../../src/model/export.ts";
import {
  type ExportWorld,
  exportWorld,
  filesLeft,
  givenEvents,
  START,
} from "../../support/export-world.ts";
import { countOf } from "../../support/ledger.ts";
import { ask, givenKey } from "../../support/world.ts";
import { expectError, pageOf } from "./native.ts";

const DAY = 24 * 60 * 60 * 1000;

let world: ExportWorld;
beforeEach(async () => {
  world = await exportWorld();
});

describe("POST /v1/exports", () => {
  it("answers 202 with the export, and wakes whoever makes it", async () => {
    const woken: string[] = [];
    const background = (work: string) => Promise.resolve(void woken.push(work));
    const app = { ...world.app, wake: { ...world.app.wake, background } };
    const body = { kind: "events", format: "csv", events: ["open"], state: "delivered" };
    const answer = await ask(app, "POST", "/v1/exports", { key: world.key, body });
    await world.app.idle();
    expect([answer.status, woken]).toEqual([202, ["exports"]]);
    expect(await answer.json()).toEqual({
      data: {
        id: expect.any(String),
        kind: "events",
        format: "csv",
        from: "2025-11-20T10:00:00.000Z",
        to: "2026-11-21T10:00:00.000Z",
        filters: { events: ["open"], state: "delivered", mail_class: null },
        state: "queued",
        rows: 0,
        progress: 0,
        reached: null,
        size: 0,
        link: null,
        error: null,
        created_by: expect.any(String),
        created_at: "2026-11-21T10:00:00.000Z",
        finished_at: null,
        expires_at: "2026-11-28T10:00:00.000Z",
      },
    });
  });

  it("ends a range that is not over yet now, and takes times as texts or numbers", async () => {
    const asked = { kind: "messages", format: "json", from: START - DAY, to: "2027-01-01" };
    expect(await world.order(asked)).toMatchObject({
      from: "2026-11-20T10:00:00.000Z",
      to: "2026-11-21T10:00:00.000Z",
    });
    expect(await world.order({ kind: "suppressions", format: "json" })).toMatchObject({
      from: "1970-01-01T00:00:00.000Z",
    });
  });

  it.each([
    [{}, "kind"],
    [{ kind: "opens" }, "kind"],
    [{ format: "xls" }, "format"],
    [{ format: undefined }, "format"],
    [{ from: "yesterday" }, "from"],
    [{ from: -1 }, "from"],
    [{ from: 1.5 }, "from"],
    [{ from: true }, "from"],
    [{ to: "2026-13-01" }, "to"],
    [{ from: "2026-11-22" }, "from"],
    [{ from: "2026-11-20", to: "2026-11-19" }, "from"],
    [{ from: "2025-11-01" }, "from"],
    [{ from: 0, to: 0, kind: "suppressions", state: "held" }, "state"],
    [{ events: [] }, "events"],
    [{ events: "open" }, "events"],
    [{ events: ["opened"] }, "events[0]"],
    [{ kind: "messages", events: ["open"] }, "events"],
    [{ state: "gone" }, "state"],
    [{ scope: "bounce" }, "scope"],
    [{ kind: "suppressions", scope: "none" }, "scope"],
    [{ interval: "day" }, "interval"],
    [{ kind: "statistics", interval: "week" }, "interval"],
    [{ kind: "statistics", by: "none" }, "by"],
    [{ kind: "statistics", state: "held" }, "state"],
    [{ kind: "events", list: "1" }, "list"],
    [{ kind: "contacts", list: "no such list" }, "list"],
    [{ kind: "contacts", list: 1 }, "list"],
    [{ kind: "contacts", events: ["open"] }, "events"],
  ])("refuses %j and names the field", async (change, field) => {
    const whole = { kind: "events", format: "csv", ...change };
    const body = Object.keys(change).length === 0 ? { format: "csv" } : whole;
    await expectError(await world.post(body), { status: 400, code: "invalid_request", field });
    expect(await countOf("exports")).toBe(0);
  });

  it("takes so many that are living, and one more when one was deleted or failed", async () => {
    const body = { kind: "events", format: "csv" };
    const ids = [];
    for (let n = 0; n < MAX_LIVING_EXPORTS; n++) ids.push((await world.order(body)).id);
    await expectError(await world.post(body), { status: 409, code: "conflict" });
    const [first = ""] = ids;
    await ask(world.app, "DELETE", `/v1/exports/${first}`, { key: world.key });
    await world.order(body);
    await expectError(await world.post(body), { status: 409, code: "conflict" });
  });

  it("is one export when D1 does not say that it was committed", async () => {
    world.d1.plan({
      on: ({ sql }) => sql.includes("insert into exports"),
      mode: "after",
      times: 1,
    });
    await world.order({ kind: "events", format: "csv" });
    expect(await countOf("exports")).toBe(1);
  });

  it("stands though the wake-up is refused", async () => {
    const background = () => Promise.reject(new Error("queue down"));
    const pending: Promise<unknown>[] = [];
    const app = {
      ...world.app,
      wake: { ...world.app.wake, background },
      background: (_what: string, work: Promise<unknown>) =>
        void pending.push(work.catch(() => undefined)),
    };
    const body = { kind: "events", format: "csv" };
    expect((await ask(app, "POST", "/v1/exports", { key: world.key, body })).status).toBe(202);
    await Promise.all(pending);
    expect(await countOf("exports")).toBe(1);
  });
});

describe("who may", () => {
  it("read orders and looks, manage deletes, send may do nothing", async () => {
    const { id } = await world.order({ kind: "events", format: "csv" });
    const body = { kind: "events", format: "csv" };
    const statuses = async (scopes: readonly ("send" | "read" | "manage")[]) => {
      const { secret: key } = await givenKey({ scopes });
      const answers = [
        await ask(world.app, "POST", "/v1/exports", { key, body }),
        await ask(world.app, "GET", "/v1/exports", { key }),
        await ask(world.app, "GET", `/v1/exports/${id}`, { key }),
        await ask(world.app, "DELETE", `/v1/exports/${id}`, { key }),
      ];
      return answers.map(({ status }) => status);
    };
    expect(await statuses(["send"])).toEqual([403, 403, 403, 403]);
    expect(await statuses(["read"])).toEqual([202, 200, 200, 403]);
    expect(await statuses(["manage"])).toEqual([403, 403, 403, 204]);
  });
});

describe("GET /v1/exports", () => {
  it("lists the newest first, page by page", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      world.clock.advance(1_000);
      ids.push((await world.order({ kind: "events", format: "csv" })).id);
    }
    const first = await pageOf<{ id: string }>(world.app, world.key, "/v1/exports?limit=3");
    const path = `/v1/exports?limit=3&cursor=${first.next_cursor ?? ""}`;
    const second = await pageOf<{ id: string }>(world.app, world.key, path);
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids.toReversed());
    expect(second.next_cursor).toBeNull();
  });

  it("refuses a cursor that is none, and knows no other's id", async () => {
    const list = await ask(world.app, "GET", "/v1/exports?cursor=x", { key: world.key });
    await expectError(list, { status: 400, code: "invalid_request", field: "cursor" });
    for (const id of ["x", "0194dfd7-1111-7000-8000-000000000001"]) {
      const one = await ask(world.app, "GET", `/v1/exports/${id}`, { key: world.key });
      await expectError(one, { status: 404, code: "not_found" });
    }
  });
});

describe("DELETE /v1/exports/:id", () => {
  it("deletes the file with the row, and is 404 the second time", async () => {
    await givenEvents(10);
    const { id } = await world.order({ kind: "events", format: "csv" });
    await world.drain();
    expect(await filesLeft()).toHaveLength(1);
    const remove = () => ask(world.app, "DELETE", `/v1/exports/${id}`, { key: world.key });
    expect((await remove()).status).toBe(204);
    await world.app.idle();
    expect([await filesLeft(), await countOf("exports")]).toEqual([[], 0]);
    await expectError(await remove(), { status: 404, code: "not_found" });
  });

  it("stops one that waits, so that nobody makes it", async () => {
    const { id } = await world.order({ kind: "events", format: "csv" });
    world.r2.plan({ on: ({ name }) => name === "list", mode: "before" });
    const pending: Promise<unknown>[] = [];
    const background = (_what: string, work: Promise<unknown>) =>
      void pending.push(work.catch(() => undefined));
    const app = { ...world.app, background };
    expect((await ask(app, "DELETE", `/v1/exports/${id}`, { key: world.key })).status).toBe(204);
    await Promise.all(pending);
    // R2 did not answer: the row stays for the sweeper, and for nobody else.
    expect(await countOf("exports")).toBe(1);
    await expectError(await ask(app, "GET", `/v1/exports/${id}`, { key: world.key }), {
      status: 404,
      code: "not_found",
    });
    await workOnExports(world.app);
    const row = await env.DB.prepare("select state from exports").first<{ state: string }>();
    expect(row?.state).toBe("cancelled");
  });
});
