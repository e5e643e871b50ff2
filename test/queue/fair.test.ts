// API keys share the marketing lane: one key's flood does not starve another's mail, whatever there is of
// either.
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lastServed } from "../../src/model/share.ts";
import { consume } from "../../src/queue/consume.ts";
import { claimDue } from "../../src/store/delivery-claim.ts";
import { dueTimes } from "../../src/store/delivery-due.ts";
import { postponeLeases } from "../../src/store/delivery-lease.ts";
import { emptyLedger } from "../support/ledger.ts";
import { faultyD1 } from "../support/faults.ts";
import { people, queueWorld, type QueueWorld, START } from "../support/queue-world.ts";
import { ask, email, givenKey } from "../support/world.ts";

const marketing = { metadata: { mailClass: "marketing" } };

describe("the marketing lane", () => {
  let world: QueueWorld;
  beforeEach(async () => {
    world = await queueWorld({ keepContent: false });
  });
  afterEach(() => world.stop());

  async function sendAs(to: readonly string[], mailClass: string): Promise<void> {
    const { secret: key } = await givenKey();
    const body = { ...email({}, to), metadata: { mailClass } };
    expect((await ask(world.app, "POST", "/v1/send-email", { key, body })).status).toBe(200);
  }

  const arrived = async () =>
    (await world.peer.log()).messages.map(({ to }) => to[0]?.replace(/\d.*/, ""));

  it("lets a key that comes later pass another's flood", async () => {
    await world.send(people(300, "flood"), marketing);
    world.clock.advance(1_000);
    await sendAs(people(10, "late"), "marketing");
    await consume(world.app, ["marketing"]);
    const order = await arrived();
    expect(order).toHaveLength(310);
    // In turns; four connections may change places by a few.
    expect(order.slice(0, 30).filter((name) => name === "late")).toHaveLength(10);
  });

  it("is no matter of the transactional lane: there the oldest goes first", async () => {
    await world.send(people(150, "first"));
    world.clock.advance(1_000);
    await sendAs(people(5, "later"), "transactional");
    await consume(world.app, ["transactional"]);
    expect((await arrived()).slice(0, 100)).not.toContain("later");
  });
});

describe("claims in turns", () => {
  beforeEach(emptyLedger);

  /** `counts[n]` deliveries of share `first + n * step`, all due; answers what is claimed, window by window. */
  async function seed(counts: readonly number[], step = 7): Promise<void> {
    await env.DB.batch([
      env.DB.prepare(
        `insert into messages (id, created_at, key_id, mail_class, from_address, from_name, subject, tags,
           send_id, list_id, metadata, recipients, on_ambiguous, size, content_key)
         select 'm' || key, ?1, 'k', 'marketing', 's@edgepost.test', '', 's', '', 's', 'l', '{}', '[]',
           'retry', 100, 'content/x' from json_each(?2)`,
      ).bind(START, JSON.stringify(counts)),
      env.DB.prepare(
        `with recursive one(share, n, most) as (
           select key, 1, value from json_each(?2) where value > 0
           union all select share, n + 1, most from one where n < most)
         insert into deliveries (recipient, message_id, position, lane, state, due_at, expires_at, share)
         select 'p' || n || '@example.com', 'm' || share, n - 1, 'marketing', 'queued', ?1, ?1 + 1000,
           share * ?3 from one`,
      ).bind(START, JSON.stringify(counts), step),
    ]);
  }

  async function claim(n: number, after: number, db = env.DB) {
    const order = { lane: "marketing", now: START, limit: 100, alone: false } as const;
    const leaseId = `lease-${n}`;
    return claimDue(db, { ...order, leaseId, leaseUntil: START + 30_000, after });
  }

  /** What was claimed has left. */
  const settleAll = () =>
    env.DB.prepare(
      "update deliveries set due_at = null, lease_id = null where lease_id is not null",
    ).run();

  it("serve every share within ⌈shares / 16⌉ windows, and leave nothing", async () => {
    const counts = fc.array(fc.nat(150), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(counts, fc.nat(65_535), async (waiting, from) => {
        await emptyLedger();
        await seed(waiting);
        const left = new Map(waiting.map((count, n) => [n * 7, count]));
        const waited = new Map<number, number>();
        let after = from;
        for (let n = 0, more = true; more; n++) {
          const open = [...left].filter(([, count]) => count > 0).map(([share]) => share);
          const bound = Math.ceil(open.length / 16);
          const { shares, more: goesOn } = await claim(n, after);
          for (const share of shares) left.set(share, (left.get(share) ?? 0) - 1);
          for (const share of open) {
            const passed = shares.includes(share) ? 0 : (waited.get(share) ?? 0) + 1;
            waited.set(share, passed);
            expect(passed).toBeLessThanOrEqual(bound);
          }
          after = lastServed(after, shares);
          more = goesOn;
          await settleAll();
        }
        expect([...left.values()].every((count) => count === 0)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it("give whole windows to a share that waits alone, and tell when nothing is left", async () => {
    await seed([250]);
    const windows = [];
    for (let n = 0; n < 3; n++) {
      const { deliveries, more } = await claim(n, 0);
      windows.push([deliveries.length, more]);
    }
    expect(windows).toEqual([
      [100, true],
      [100, true],
      [50, false],
    ]);
  });

  it("give equal parts to those who have more than their part waiting", async () => {
    await seed([1_000, 500, 300, 3]);
    const { shares } = await claim(1, 0);
    const of = (share: number) => shares.filter((one) => one === share).length;
    expect(shares).toHaveLength(100);
    expect(of(21)).toBe(3);
    for (const share of [0, 7, 14]) expect(Math.abs(of(share) - 97 / 3)).toBeLessThan(1);
  });

  it("read and write a bounded number of rows with 100,000 due, however many keys they are of", async () => {
    const cost = async (counts: readonly number[]) => {
      await emptyLedger();
      await seed(counts);
      const d1 = faultyD1(env.DB);
      const { deliveries } = await claim(1, 0, d1.db);
      const [read, written] = [d1.rowsRead(), d1.rowsWritten()];
      d1.reset();
      await dueTimes(d1.db, "marketing", START);
      return { deliveries: deliveries.length, read, written, dueTimes: d1.rowsRead() };
    };
    for (const counts of [[100_000], [50_000, 50_000], Array<number>(100).fill(1_000)]) {
      const { deliveries, written, ...reads } = await cost(counts);
      expect([deliveries, written]).toEqual([100, 100]);
      // 16 shares, of which six look-ups pass 500 rows each and more: never all that is due.
      expect(reads.read).toBeLessThan(80_000);
      expect(reads.dueTimes).toBeLessThan(10_000);
    }
  });

  it("stay fair while a pool that waits is dated anew", async () => {
    await seed([300, 300]);
    const first = await claim(1, 0);
    await postponeLeases(
      env.DB,
      first.deliveries.filter((_, n) => first.shares[n] === 0),
      START + 60_000,
    );
    const { shares } = await claim(2, lastServed(0, first.shares));
    expect(shares.filter((share) => share === 0)).toHaveLength(50);
    expect(shares.filter((share) => share === 7)).toHaveLength(50);
  });
});
