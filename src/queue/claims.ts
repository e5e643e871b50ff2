// What this run has under lease: claims windows of due deliveries, hands them out in order, keeps the
// leases alive, gives back what it did not start.
import type { App } from "../app.ts";
import { barrier } from "../lib/barrier.ts";
import { reasonOf } from "../lib/log.ts";
import type { MailClass } from "../model/message.ts";
import { lastServed, SHARES } from "../model/share.ts";
import { twice } from "../store/db.ts";
import { type Claim, claimDue, type ClaimedDelivery } from "../store/delivery-claim.ts";
import { postponeDue } from "../store/delivery-due.ts";
import { postponeLeases, releaseLeases, renewLeases } from "../store/delivery-lease.ts";
import { domainOf } from "../model/address.ts";
import { throttleGroup } from "../model/throttle.ts";
import { waitForRoom, type Waiting } from "../store/delivery-full.ts";
import type { Route } from "../deliver/route.ts";
import type { Work } from "./prepare.ts";
import { isOver } from "./room.ts";
import type { RelayBoard } from "./relay-board.ts";
import { sharedWindow, WHOLE_WINDOW } from "./window.ts";

/** How long a lease lasts, and how often it is renewed. */
const LEASE_MS = 30_000;
const RENEW_MS = 10_000;

/** Without any relay, due mail is looked at again after this. */
const NO_RELAY_MS = 30_000;

/** Storage that did not answer is asked again after this. */
const STORAGE_RETRY_MS = 30_000;

/** Claims of one lane in a row that may bring nothing to be attempted; a wake-up goes on. */
const MAX_BARREN_CLAIMS = 20;

/** An empty claim is not repeated sooner, however many workers ask. */
const EMPTY_CLAIM_MS = 400;

/** The work of one run. */
export type Claims = {
  readonly next: () => Work | null;
  /** What next() would give. */
  readonly peek: () => Work | null;
  readonly waiting: () => number;
  /** Nothing waits, and the last claim found less than it asked for. */
  readonly drained: () => boolean;
  /** Claims more when nothing waits; answers how many wait now. */
  readonly refill: (options: { readonly alone: boolean }) => Promise<number>;
  /** Work handed out that was not started is handed out again, before anything else. */
  readonly putBack: (work: Work) => void;
  /** Work that no relay of its pool can take now: it and what waits of that pool are given back. */
  readonly giveBack: (work: Work) => void;
  /** Work for which there is no room: it waits its turn, which is told of now and then. */
  readonly full: (work: Work, waits: Pick<Waiting, "dueAt" | "event">) => void;
  /** Gives one delivery back, to be tried again a little later. */
  readonly postpone: (delivery: ClaimedDelivery) => void;
  /** Stops renewing a lease without settling it. */
  readonly abandon: (delivery: ClaimedDelivery) => void;
  readonly settled: (deliveries: readonly ClaimedDelivery[]) => void;
  /** Gives back what was not started and wakes the lanes where more is due. */
  readonly close: () => Promise<void>;
};

/** Claims for one run, of these lanes in this order, through the relays of its board. */
export function claims(app: App, board: RelayBoard, lanes: readonly MailClass[]): Claims {
  const held = new Set<ClaimedDelivery>();
  let waiting: Work[] = [];
  let unstarted: Work[] = [];
  let crowded: (Waiting & { readonly lane: MailClass })[] = [];
  let full = false;
  let emptyAt = Number.NEGATIVE_INFINITY;
  let claiming: Promise<number> | null = null;
  // A run of one claim begins anywhere, so that over many runs no share is always the last.
  let after = Math.floor(app.random() * SHARES);
  const windows = { transactional: WHOLE_WINDOW, marketing: sharedWindow() };

  const renewing = setInterval(() => {
    if (held.size === 0) return;
    renewLeases(app.db, [...held], app.now() + LEASE_MS).catch((error: unknown) => {
      app.log("warn", "renew_failed", { reason: reasonOf(error) });
    });
  }, RENEW_MS);

  /** Hands out what its pool can carry now; the rest is given back until it can. */
  async function take(claim: Claim): Promise<void> {
    for (const delivery of claim.deliveries) {
      const found = claim.messages.get(delivery.messageId);
      if (!found) continue;
      held.add(delivery);
      const poolId = board.poolOf(found.message, delivery.recipient);
      const { kind } = board.route(poolId);
      // What is over ends, whether a relay can take it or not.
      const stays = kind === "open" || kind === "probe" || isOver({ delivery }, app.now());
      const group = throttleGroup(domainOf(delivery.recipient));
      (stays ? waiting : unstarted).push({ delivery, ...found, poolId, group });
    }
    await park();
  }

  /** Re-dates what was not started to when its pool can be looked at again: one statement a pool. */
  async function park(): Promise<void> {
    const pools = Map.groupBy(unstarted.splice(0), ({ poolId }) => poolId);
    for (const [poolId, works] of pools) {
      const deliveries = works.map(({ delivery }) => delivery);
      for (const delivery of deliveries) held.delete(delivery);
      const until = untilOf(board.route(poolId));
      await postponeLeases(app.db, deliveries, until);
      for (const lane of lanes) wakeAt(app, lane, until);
    }
  }

  /** Re-dates what there is no room for to its turn, and tells of it: one transaction for all. */
  async function crowdOut(): Promise<void> {
    const some = crowded.splice(0);
    if (some.length === 0) return;
    for (const { delivery } of some) held.delete(delivery);
    const told = await twice(() => waitForRoom(app.db, some, app.now()));
    if (told) app.background("wake_webhooks_failed", app.wake.events());
    for (const [lane, list] of Map.groupBy(some, (one) => one.lane)) {
      wakeAt(app, lane, Math.min(...list.map(({ dueAt }) => dueAt)));
    }
  }

  function untilOf(route: Route): number {
    if (route.kind === "wait") return route.until;
    return app.now() + (route.kind === "none" ? NO_RELAY_MS : 0);
  }

  async function claim(alone: boolean): Promise<number> {
    const route = board.outlook();
    if (route.kind === "wait" || route.kind === "none") {
      await postponeAll(untilOf(route));
      // What is still due is over.
      for (const lane of lanes)
        await claimLane({ lane, limit: WHOLE_WINDOW.next(app.now()), alone });
      return waiting.length;
    }
    await park();
    await crowdOut();
    if (route.kind === "probe" && !alone) return 0;
    full = false;
    for (const lane of lanes) {
      const limit = route.kind === "probe" ? 1 : windows[lane].next(app.now());
      full ||= await claimLane({ lane, limit, alone });
      windows[lane].begun(waiting.length, app.now());
      if (waiting.length > 0) break;
    }
    await barrier(app.config.faultPlan, "C7");
    if (waiting.length === 0) emptyAt = app.now();
    return waiting.length;
  }

  /** Claims of one lane, again while all of it is suppressed or of pools that wait; answers whether more may be due. */
  async function claimLane(ask: {
    readonly lane: MailClass;
    readonly limit: number;
    readonly alone: boolean;
  }): Promise<boolean> {
    for (let n = 0; n < MAX_BARREN_CLAIMS; n++) {
      const now = app.now();
      const leaseId = app.newId();
      const order = { ...ask, now, leaseId, leaseUntil: now + LEASE_MS, after };
      const brought = await twice(() => claimDue(app.db, order));
      after = lastServed(after, brought.shares);
      await take(brought);
      if (!brought.more) return false;
      if (waiting.length > 0) return true;
    }
    return true;
  }

  /** Gives back what waits, then re-dates what is due and not over, so that nobody looks at it before `until`. */
  async function postponeAll(until: number): Promise<void> {
    await release();
    const now = app.now();
    for (const lane of lanes) await postponeDue(app.db, lane, now, until);
    full = false;
    emptyAt = now;
    for (const lane of lanes) wakeAt(app, lane, until);
  }

  async function release(): Promise<void> {
    const back = [...unstarted, ...waiting].map((work) => work.delivery);
    waiting = [];
    unstarted = [];
    for (const delivery of back) held.delete(delivery);
    if (back.length > 0) await releaseLeases(app.db, back);
  }

  return {
    next: () => waiting.shift() ?? null,
    peek: () => waiting[0] ?? null,
    waiting: () => waiting.length,
    drained: () => waiting.length === 0 && !full,
    async refill({ alone }) {
      if (waiting.length > 0) return waiting.length;
      if (claiming) return claiming;
      if (app.now() - emptyAt < EMPTY_CLAIM_MS && !alone) return 0;
      claiming = claim(alone).finally(() => {
        claiming = null;
      });
      return claiming;
    },
    putBack(work) {
      waiting.unshift(work);
    },
    giveBack(work) {
      unstarted.push(work, ...waiting.filter(({ poolId }) => poolId === work.poolId));
      waiting = waiting.filter(({ poolId }) => poolId !== work.poolId);
    },
    full({ delivery, message }, waits) {
      crowded.push({ delivery, ...waits, lane: message.mailClass });
    },
    postpone(delivery) {
      held.delete(delivery);
      const later = postponeLeases(app.db, [delivery], app.now() + STORAGE_RETRY_MS);
      app.background("postpone_failed", later);
    },
    abandon(delivery) {
      held.delete(delivery);
    },
    settled(deliveries) {
      for (const delivery of deliveries) held.delete(delivery);
    },
    async close() {
      clearInterval(renewing);
      const more = waiting.length > 0 || full;
      await park();
      await crowdOut();
      await release();
      if (more) for (const lane of lanes) wakeAt(app, lane, app.now());
    },
  };
}

function wakeAt(app: App, lane: MailClass, at: number): void {
  const delaySeconds = Math.max(0, Math.ceil((at - app.now()) / 1000));
  app.background("wake_lane_failed", app.wake.lane(lane, delaySeconds));
}
