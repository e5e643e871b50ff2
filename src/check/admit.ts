// Lets a sender's recipients in, or says which limit is reached. Spends what this isolate was leased and
// asks the account's object only when that is not enough; one asks for all who wait.
import { type Log, reasonOf } from "../lib/log.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { type Outcomes, percentOf } from "../model/pace.ts";
import type { Problem } from "../model/problem.ts";
import { type Purse, purse, type Taken } from "./purse.ts";
import type { JudgedPace } from "./quota.do.ts";
import type { Ask, Grant } from "./quota.ts";
import {
  bucketsOf,
  limited,
  limitsOf,
  type Sender,
  type Standing,
  standingsOf,
  tooMany,
} from "./standing.ts";

/** Recipients that were let in. */
export type Admission = {
  /** Gives the tokens back to this isolate: the request sent nothing, and never will. */
  readonly release: () => void;
};

/** The quota as the stages see it. */
export type Admit = {
  /** Lets n recipients in, all or none. Without enough tokens at hand it asks the object, with a deadline. */
  readonly take: (sender: Sender, n: number) => Promise<Result<Admission, Problem>>;
  /** How much is left of each limit, for the headers of an answer. Asks the object once an isolate. */
  readonly standing: (sender: Sender) => Promise<readonly Standing[]>;
  /** Tells the object what became of attempts: it slows the account down when its mail fails. */
  readonly observe: (news: readonly Outcomes[]) => Promise<void>;
  /** The part of the plan's rate that holds, and why it is not all; null when the object does not answer. */
  readonly pace: () => Promise<JudgedPace | null>;
};

/** What admitting needs of the world. */
export type AdmitWorld = {
  readonly lease: (ask: Ask) => Promise<Grant>;
  readonly observe: (news: readonly Outcomes[]) => Promise<JudgedPace>;
  readonly pace: () => Promise<JudgedPace>;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly background: (what: string, work: Promise<unknown>) => void;
  readonly log: Log;
};

/** The object answers in milliseconds; the longest that one ask may take. */
const DEADLINE_MS = 2_000;

/** An ask that is still under way now was broken off with its request: its own deadline is long over. */
const BROKEN_OFF_MS = DEADLINE_MS + 1_000;

/** How often one who waits looks: invocations must not wake each other, so nobody is called. */
const LOOK_MS = 10;

/** The end of waiting where the clock does not go on. */
const MAX_LOOKS = DEADLINE_MS / LOOK_MS;

/** Near a limit an isolate asks no more often than this: those who wait meanwhile are asked for together. */
const REST_MS = 50;

/** The object's restart takes seconds at most. */
const UNAVAILABLE_RETRY_SECONDS = 5;

/** Requests that one ask speaks for. */
const MAX_SIZES = 1_000;

/** Senders that an isolate keeps tokens of. */
const MAX_PLACES = 1_000;

/** A request that waits; one that was broken off is forgotten after `until`. */
type Waiter = {
  readonly n: number;
  readonly until: number;
  /** What the ask that spoke for it brought: its tokens, or null for none; undefined before the answer. */
  brought: Taken | null | undefined;
};

/** What an isolate keeps of one sender between requests. */
type Place = {
  readonly purse: Purse;
  readonly waiting: Set<Waiter>;
  askedAt: number;
  grantedAt: number;
  failedAt: number;
  /** Until when somebody is asking; one whose request was broken off never says that it ended. */
  askingUntil: number;
};

/** The places of an isolate by the key whose bucket they spend; the oldest leaves first. */
export type Places = Map<string, Place>;

/** The quota over the account's object. `places` outlives the invocation. */
export function admitOver(world: AdmitWorld, places: Places): Admit {
  /** Asks for all who wait. False when the object did not answer in time. */
  async function ask(place: Place, sender: Sender): Promise<boolean> {
    const askedAt = world.now();
    const spokenFor = waitingAt(place, askedAt);
    const sizes = spokenFor.map(({ n }) => n);
    const wish = place.purse.ask(askedAt);
    place.askedAt = askedAt;
    place.askingUntil = askedAt + BROKEN_OFF_MS;
    try {
      const wanted = { ...askedOf(sender), sizes, ...wish };
      // An object that was just restarted fails the calls it had; what those leased is lost, no more.
      const grant = await inTime(world.lease(wanted).catch(() => world.lease(wanted)));
      const asked = sizes.reduce((sum, size) => sum + size, 0);
      place.grantedAt = world.now();
      place.purse.receive(grant, { askedAt, now: place.grantedAt, asked, spare: wish.spare });
      for (const waiter of spokenFor) waiter.brought = place.purse.take(waiter.n, place.grantedAt);
      return true;
    } catch (error) {
      world.log("error", "quota_unreachable", { reason: reasonOf(error) });
      place.failedAt = world.now();
      return false;
    } finally {
      place.askingUntil = 0;
    }
  }

  function atHand(place: Place, sender: Sender, n: number): Admission | null {
    const now = world.now();
    const taken = place.purse.take(n, now);
    if (!taken) return null;
    if (place.purse.low(now) && !isAsking(place, now)) {
      world.background("quota_ask_failed", ask(place, sender));
    }
    return admitted(place, taken);
  }

  function admitted({ purse }: Place, taken: Taken): Admission {
    return { release: () => purse.putBack(taken, world.now()) };
  }

  async function queue(
    place: Place,
    sender: Sender,
    waiter: Waiter,
  ): Promise<Result<Admission, Problem>> {
    const { n } = waiter;
    const start = world.now();
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const now = world.now();
      if (now >= start + DEADLINE_MS || place.failedAt >= start) break;
      if (waiter.brought) return ok(admitted(place, waiter.brought));
      const obstacle = place.purse.obstacle(n, limitsOf(sender), now);
      if (obstacle ?? waiter.brought === null)
        return fail(limited(obstacle ?? SOON, sender, place.purse.pace()));
      if (isAsking(place, now) || rests(place, sender, now)) await world.wait(LOOK_MS);
      else if (!(await ask(place, sender))) return fail(UNREACHABLE);
      const admission = waiter.brought ? null : atHand(place, sender, n);
      if (admission) return ok(admission);
    }
    return fail(place.grantedAt < start ? UNREACHABLE : limited(SOON, sender, place.purse.pace()));
  }

  return {
    async take(sender, n) {
      const over = tooMany(sender, n);
      if (over) return fail(over);
      const place = placeOf(places, sender);
      const admission = atHand(place, sender, n);
      if (admission) return ok(admission);
      const waiter = { n, until: world.now() + 2 * DEADLINE_MS, brought: undefined };
      place.waiting.add(waiter);
      try {
        return await queue(place, sender, waiter);
      } finally {
        place.waiting.delete(waiter);
      }
    },
    async standing(sender) {
      const place = placeOf(places, sender);
      const now = world.now();
      const failed = now >= place.failedAt && now < place.failedAt + DEADLINE_MS;
      if (!failed && !place.purse.known(limitsOf(sender), now)) await ask(place, sender);
      return standingsOf(place.purse, sender, world.now());
    },
    async observe(news) {
      const { halved, factor, trouble } = await inTime(world.observe(news));
      if (halved) world.log("warn", "quota_slowed", { percent: percentOf(factor), trouble });
    },
    async pace() {
      try {
        return await inTime(world.pace());
      } catch (error) {
        world.log("error", "quota_unreachable", { reason: reasonOf(error) });
        return null;
      }
    },
  };
}

const UNREACHABLE: Problem = {
  kind: "unavailable",
  reason: "the rate limit could not be asked; nothing was accepted, send it again",
  retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS,
};

/** What is said to one for whom there was too little: a second is the shortest that Retry-After can tell. */
const SOON = { bucket: 0, limit: "rate", waitMs: 1_000 } as const;

/** The requests that wait, as many as one ask speaks for; who was answered has not looked yet. */
function waitingAt({ waiting }: Place, now: number): readonly Waiter[] {
  for (const waiter of waiting) if (waiter.until <= now) waiting.delete(waiter);
  return [...waiting].filter(({ brought }) => brought === undefined).slice(0, MAX_SIZES);
}

function isAsking({ askedAt, askingUntil }: Place, now: number): boolean {
  return now >= askedAt && now < askingUntil;
}

/** A bucket that fills in less time than two rests would run over meanwhile. */
function rests({ purse, askedAt }: Place, sender: Sender, now: number): boolean {
  if (!purse.short()) return false;
  const fills = limitsOf(sender).map(({ burst, perSecond }) => (burst / perSecond) * 1_000);
  return now >= askedAt && now < askedAt + Math.min(REST_MS, ...fills.map((ms) => ms / 2));
}

function askedOf(sender: Sender): Pick<Ask, "account" | "others"> {
  const [, ...own] = bucketsOf(sender);
  const others = own.map(({ owner, id, limits }) => ({ name: `${owner}:${id}`, limits }));
  return { account: sender.plan, others };
}

/** Those without limits of their own share the account's tokens. */
function placeOf(places: Places, sender: Sender): Place {
  const name = askedOf(sender)
    .others.map((other) => other.name)
    .join(" ");
  const known = places.get(name);
  if (known) return known;
  const place = {
    purse: purse(),
    waiting: new Set<Waiter>(),
    askedAt: 0,
    grantedAt: 0,
    failedAt: 0,
    askingUntil: 0,
  };
  places.set(name, place);
  const oldest = places.keys().next();
  if (places.size > MAX_PLACES && !oldest.done) places.delete(oldest.value);
  return place;
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const reason = new Error(`no answer within ${DEADLINE_MS / 1_000} s`);
    timer = setTimeout(() => reject(reason), DEADLINE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
