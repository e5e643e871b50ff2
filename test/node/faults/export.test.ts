// An export in the memory that the platform gives, killed at each of its crash points one after the other:
// the file holds every event once. V8 is limited to 128 MB; a process that runs out of it dies.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as z from "zod";
import { csvReader } from "../../../src/lib/csv.ts";
import { type Ground, prepareGround } from "./ground.ts";
import { EVENTS_A_ROW, MANY_EVENTS } from "./many-events.ts";
import { inWorld, type World } from "./world.ts";

process.env["MINIFLARE_WORKERD_V8_FLAGS"] = "--max-heap-size=128";

/** 6 MB as CSV: a part and a bit. */
const ROWS = 350;

const POINTS = [
  "X1", // a part is uploaded, and nobody knows
  "X2", // the rest is put, and nobody knows
  "X3", // all is uploaded, the parts not put together
  "X4", // the file is there, and nobody knows
];

/** A sweep and a run, on a busy machine. */
const DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 100;

const seen = z.object({
  data: z.object({
    id: z.string(),
    state: z.string(),
    rows: z.number(),
    link: z.string().nullable(),
    error: z.string().nullable(),
  }),
});

let ground: Ground;

beforeAll(async () => {
  ground = await prepareGround();
});

afterAll(() => ground.remove());

it("survives a kill at every crash point, within 128 MB, and holds every event once", async () => {
  await inWorld(ground, { at: POINTS[0] ?? "" }, async (world) => {
    await world.sql(z.unknown(), MANY_EVENTS, 0, ROWS, Date.now() - ROWS);
    const body = { kind: "events", format: "csv", events: ["open"] };
    const { id } = (await world.create(seen, "/v1/exports", body)).data;
    for (const [n, point] of POINTS.entries()) {
      expect(await world.reached).toBe(point);
      await world.kill();
      await world.restart(POINTS[n + 1]);
      // What is left of the dead process's 60 s passes.
      await world.sql(z.unknown(), "update exports set lease_until = 0");
      await world.sweep();
    }
    const link = await finished(world, id);
    const emails = emailsOf(await (await fetch(link)).text());
    expect(emails).toHaveLength(ROWS * EVENTS_A_ROW);
    expect(emails.every((email, index) => email === `p${index}@example.com`)).toBe(true);
  });
});

async function finished(world: World, id: string): Promise<string> {
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline) {
    const { data } = await world.get(seen, `/v1/exports/${id}`);
    if (data.link !== null) return data.link;
    if (data.state === "failed") throw new Error(data.error ?? "");
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`the export does not end:\n${world.output}`);
}

function emailsOf(csv: string): readonly string[] {
  const reader = csvReader();
  const [head = [], ...rows] = [...reader.push(csv), ...reader.end()].map((record) =>
    "cells" in record ? record.cells : [record.fault],
  );
  const column = head.indexOf("email");
  return rows.map((cells) => cells[column] ?? "");
}
