// A limited number of slots: never more, in the order of asking, and none lost.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Release, slots } from "../../src/deliver/slots.ts";

const LONG = 10_000;

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

describe("slots", () => {
  it("gives as many as there are, and the next one when one comes back", async () => {
    const two = slots(2);
    const first = await two.acquire(LONG);
    expect(await two.acquire(LONG)).not.toBeNull();
    let got = false;
    const third = two.acquire(LONG).then((release) => {
      got = true;
      return release;
    });
    await pause(10);
    expect(got).toBe(false);
    first?.();
    expect(await third).not.toBeNull();
  });

  it("gives them in the order of asking", async () => {
    const one = slots(1);
    let release = await one.acquire(LONG);
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (n) => {
      const own = await one.acquire(LONG);
      order.push(n);
      release = own;
    });
    for (const wait of waiting) {
      release?.();
      await wait;
    }
    expect(order).toEqual([1, 2, 3]);
  });

  it("does not make a second slot of one that is given back twice", async () => {
    const one = slots(1);
    const release = await one.acquire(LONG);
    release?.();
    release?.();
    expect(await one.acquire(LONG)).not.toBeNull();
    expect(await one.acquire(10)).toBeNull();
  });

  it("answers null after the deadline, and gives the slot to the next who waits", async () => {
    const one = slots(1);
    const release = await one.acquire(LONG);
    const impatient = one.acquire(10);
    const patient = one.acquire(LONG);
    expect(await impatient).toBeNull();
    release?.();
    expect(await patient).not.toBeNull();
  });

  it("has none of a slot that nobody waits for any more", async () => {
    const one = slots(1);
    const release = await one.acquire(LONG);
    expect(await one.acquire(5)).toBeNull();
    release?.();
    expect(await one.acquire(5)).not.toBeNull();
  });

  it("never gives more than there are, and everybody one, whatever is asked and given back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.boolean(), { maxLength: 40 }),
        async (count, steps) => {
          const some = slots(count);
          const held: Release[] = [];
          let out = 0;
          let asked = 0;
          let granted = 0;
          for (const ask of steps) {
            const last = held.pop();
            if (!ask) {
              if (last) out -= 1;
              last?.();
            } else {
              if (last) held.push(last);
              asked += 1;
              void some.acquire(LONG).then((release) => {
                out += 1;
                granted += 1;
                if (release) held.push(release);
              });
            }
            await Promise.resolve();
            await Promise.resolve();
            expect(out).toBeLessThanOrEqual(count);
          }
          for (let turn = 0; turn < asked; turn++) {
            held.pop()?.();
            await new Promise((resolve) => setTimeout(resolve, 0));
          }
          expect(granted).toBe(asked);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("waits until all are free, and no longer than it is told to", async () => {
    const two = slots(2);
    await two.idle(LONG);
    const first = await two.acquire(LONG);
    const second = await two.acquire(LONG);
    let idle = false;
    const waited = two.idle(LONG).then(() => {
      idle = true;
    });
    first?.();
    await pause(10);
    expect(idle).toBe(false);
    second?.();
    await waited;
    await two.acquire(LONG);
    await two.idle(10);
  });
});
