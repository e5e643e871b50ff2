// Removing the files of exports: all of them at once, for an erasure, whatever is under way.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { workOnExports } from "../../src/export/work.ts";
import { discardExports } from "../../src/store/export-file.ts";
import {
  type ExportWorld,
  exportWorld,
  filesLeft,
  givenEvents,
  slowly,
} from "../support/export-world.ts";

let world: ExportWorld;
beforeEach(async () => {
  world = await exportWorld();
  await givenEvents(1_300, { characters: 4_000 });
});

const discard = () =>
  discardExports(world.app, { now: world.clock.now(), reason: "an address was erased" });

describe("discardExports", () => {
  it("fails what is done, being made or waiting, and leaves no object, part or address", async () => {
    const done = await world.order({ kind: "events", format: "csv" });
    await world.drain();
    const running = await world.order({ kind: "events", format: "json" });
    world.d1.plan(slowly(world, 3_500));
    await workOnExports(world.app);
    world.d1.plan(null);
    const waiting = await world.order({ kind: "events", format: "ndjson" });
    const upload = await env.DB.prepare(
      "select object_key as key, upload_id as id from exports where upload_id is not null",
    ).first<{ key: string; id: string }>();
    expect((await filesLeft()).length).toBeGreaterThan(1);
    await env.CONTENT.put("exports/0194dfd7-1111-7000-8000-000000000001/orphan", "x");

    expect(await discard()).toBe(3);
    expect(await filesLeft()).toEqual([]);
    for (const { id } of [done, running, waiting]) {
      const seen = await world.get(id);
      expect(seen).toMatchObject({
        state: "failed",
        error: "an address was erased",
        link: null,
        reached: null,
      });
    }
    const gone = env.CONTENT.resumeMultipartUpload(upload?.key ?? "", upload?.id ?? "");
    await expect(gone.uploadPart(1, "x")).rejects.toThrow();
    expect(await discard()).toBe(0);
    expect(await world.drain()).toBe(0);
  });

  it("can be repeated after R2 did not answer at any call", async () => {
    // abort, list and delete of the one, list of all.
    for (let n = 1; n <= 4; n++) {
      const { id } = await world.order({ kind: "events", format: "csv" });
      world.d1.plan(slowly(world, 3_500));
      await workOnExports(world.app);
      world.d1.plan(null);
      world.r2.reset();
      world.r2.plan({ on: (call) => call.n === n, mode: "before" });
      await expect(discard()).rejects.toThrow("injected");
      world.r2.plan(null);
      await discard();
      expect([await filesLeft(), (await world.get(id)).state]).toEqual([[], "failed"]);
    }
  });
});
