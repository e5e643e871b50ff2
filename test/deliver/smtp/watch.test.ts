// The deadlines of a connection: each comes in its time, and all of them cost one timer.
import { afterEach, expect, it, vi } from "vitest";
import { Watch } from "../../../src/deliver/smtp/watch.ts";
import { ok } from "../../../src/lib/result.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it("comes in time for each, also for one that was set later and is earlier", () => {
  vi.useFakeTimers();
  const watch = new Watch();
  const came: string[] = [];
  watch.after(90, () => came.push("90"));
  watch.after(30, () => came.push("30"));
  watch.after(60, () => came.push("60"));
  vi.advanceTimersByTime(45);
  expect(came).toEqual(["30"]);
  vi.advanceTimersByTime(45);
  expect(came).toEqual(["30", "60", "90"]);
});

it("leaves who was in time, and who waits when the connection ends", async () => {
  const watch = new Watch();
  const came: string[] = [];
  watch.after(20, () => came.push("met"))();
  watch.after(20, () => came.push("late"));
  await sleep(40);
  watch.after(20, () => came.push("ended"));
  watch.end();
  await sleep(40);
  expect(came).toEqual(["late"]);
});

it("answers what the work answered, or that it took too long", async () => {
  const watch = new Watch();
  expect(await watch.within(1_000, Promise.resolve(ok(7)))).toEqual(ok(7));
  const never = new Promise<never>(() => undefined);
  const start = Date.now();
  expect(await watch.within(50, never)).toEqual({ ok: false, error: "timed out after 0.05 s" });
  expect(Date.now() - start).toBeGreaterThanOrEqual(45);
  watch.end();
});

it("sets one timer for a thousand waits that end in time", async () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  const watch = new Watch();
  for (let n = 0; n < 1_000; n++) await watch.within(60_000, Promise.resolve(ok(n)));
  expect(timers).toHaveBeenCalledTimes(1);
  watch.end();
});
