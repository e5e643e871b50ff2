// Opens and clicks on their way to the queue: together, each once, whatever happens to who carries them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fact, parseFacts } from "../../src/model/fact.ts";
import { gathering } from "../../src/track/gather.ts";

function aFact(n: number, change: { url?: string } = {}): Fact {
  const { url = "https://x.example/" } = change;
  const base = { id: `fact-${n}`, at: n, messageId: "m", position: 0, ip: "192.0.2.1" };
  return { ...base, userAgent: "Browser", prefetch: false, kind: "click", index: 0, url };
}

/** A world whose waits end when the test says so, or never. */
function aWorld(send: (facts: readonly Fact[]) => Promise<unknown> = () => Promise.resolve()) {
  const sent: (readonly Fact[])[] = [];
  const waits: (() => void)[] = [];
  const clock = { now: 0 };
  const track = gathering({
    async send(facts) {
      sent.push(facts);
      await send(facts);
    },
    now: () => clock.now,
    wait: () => new Promise((resolve) => waits.push(resolve)),
  });
  const idsOf = (messages: readonly (readonly Fact[])[]) => messages.flat().map(({ id }) => id);
  return { track, sent, waits, clock, ids: () => idsOf(sent) };
}

describe("gathering", () => {
  it("sends what comes while the first one waits in one message", async () => {
    const { track, sent, waits } = aWorld();
    const facts = [0, 1, 2].map((n) => aFact(n));
    const [first, ...others] = facts.map(track);
    await Promise.all(others);
    expect(sent).toEqual([]);
    waits.shift()?.();
    await first;
    expect(sent).toEqual([facts]);
  });

  it("fills no message above the 64 KB that one operation is billed for", async () => {
    const { track, sent, waits } = aWorld();
    const url = `https://x.example/${"é".repeat(2_000)}`;
    const facts = Array.from({ length: 40 }, (_, n) => aFact(n, { url }));
    const [first] = facts.map(track);
    waits.shift()?.();
    await first;
    expect(sent.flat()).toEqual(facts);
    const sizes = sent.map((one) => new TextEncoder().encode(JSON.stringify(one)).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024);
    expect(sent.length).toBe(3);
  });

  it("sends what a request left that was broken off, with the next one", async () => {
    const { track, waits, clock, ids } = aWorld();
    void track(aFact(0));
    await track(aFact(1));
    clock.now += 2_000;
    const next = track(aFact(2));
    // The first one's wait never ends.
    waits.at(-1)?.();
    await next;
    expect(ids()).toEqual(["fact-0", "fact-1", "fact-2"]);
  });

  it("fails for the one that carries, and goes on with the next", async () => {
    let broken = true;
    const { track, waits, ids } = aWorld(() =>
      broken ? Promise.reject(new Error("queue down")) : Promise.resolve(),
    );
    const first = track(aFact(0));
    waits.shift()?.();
    await expect(first).rejects.toThrow("could not be queued");
    broken = false;
    const second = track(aFact(1));
    waits.shift()?.();
    await second;
    expect(ids()).toEqual(["fact-0", "fact-1"]);
  });

  it("sends each fact once, however requests come, end late or are broken off", async () => {
    const step = fc.constantFrom("fact", "wait ends", "time passes");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { track, waits, clock, ids } = aWorld();
        const work: Promise<void>[] = [];
        let facts = 0;
        for (const one of [...steps, "time passes", "fact"]) {
          if (one === "fact") work.push(track(aFact(facts++)));
          else if (one === "wait ends") waits.shift()?.();
          else clock.now += 2_000;
          await Promise.resolve();
        }
        for (const end of waits) end();
        await Promise.all(work);
        expect(ids().toSorted()).toEqual(
          Array.from({ length: facts }, (_, n) => `fact-${n}`).toSorted(),
        );
      }),
    );
  });
});

describe("parseFacts", () => {
  it("reads some facts, one of an older version, and leaves out what is none", () => {
    expect(parseFacts([aFact(0), { kind: "open" }, aFact(1)])).toEqual([aFact(0), aFact(1)]);
    expect(parseFacts(aFact(0))).toEqual([aFact(0)]);
    for (const body of [null, "x", { kind: "events" }, [[aFact(0)]]]) {
      expect(parseFacts(body)).toEqual([]);
    }
  });
});
