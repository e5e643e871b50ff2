// One large thing at a time in an isolate, and nobody locked out by one who left twice.
import { afterEach, describe, expect, it } from "vitest";
import { enter, type Leave, tryEnter } from "../../src/lib/large-gate.ts";

const leaves: Leave[] = [];
afterEach(() => {
  for (const leave of leaves.splice(0)) leave();
});

function take(): Leave | null {
  const leave = tryEnter();
  if (leave) leaves.push(leave);
  return leave;
}

describe("tryEnter", () => {
  it("lets one in, and the next when that one has left", () => {
    const first = take();
    expect([first === null, take()]).toEqual([false, null]);
    first?.();
    expect(take()).not.toBeNull();
  });

  it("does not let two in because somebody left twice", () => {
    const first = take();
    first?.();
    expect(take()).not.toBeNull();
    first?.();
    expect(take()).toBeNull();
  });
});

describe("enter", () => {
  it("waits for its turn; of those who wait one at a time gets in", async () => {
    const first = take();
    const order: number[] = [];
    let inside = 0;
    const visit = async (n: number) => {
      const leave = await enter();
      inside += 1;
      expect(inside).toBe(1);
      order.push(n);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
      leave();
    };
    const visits = [1, 2, 3].map(visit);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(order).toEqual([]);
    first?.();
    await Promise.all(visits);
    expect(order.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  });

  it("lets in at once when nobody is inside", async () => {
    leaves.push(await enter());
    expect(take()).toBeNull();
  });
});
