// The account after the faults: what clients hold, what the relay and the endpoint saw, what the database says.
// Invariants I1 to I7 and I9 of the reliability design, section 3.
import { TERMINAL_STATES } from "../src/model/delivery.ts";
import {
  copies,
  type Copy,
  entries,
  type Entry,
  type LoggedEvent,
  loggedEvents,
  postedBodies,
} from "../test/node/faults/ledger.ts";
import type { World } from "../test/node/faults/world.ts";
import type { Sent } from "./client.ts";

/** Counts of recipients; `eventsLost` of events. */
export type Account = {
  readonly accepted: number;
  readonly lost: number;
  readonly phantom: number;
  /** Second copies where the ledger has an attempt of unknown outcome. */
  readonly explained: number;
  readonly unexplained: number;
  readonly eventsLost: number;
};

export const NOTHING: Account = {
  accepted: 0,
  lost: 0,
  phantom: 0,
  explained: 0,
  unexplained: 0,
  eventsLost: 0,
};

/** The sum of accounts. Pure. */
export function sum(accounts: readonly Account[]): Account {
  return accounts.reduce(
    (all, one) => ({
      accepted: all.accepted + one.accepted,
      lost: all.lost + one.lost,
      phantom: all.phantom + one.phantom,
      explained: all.explained + one.explained,
      unexplained: all.unexplained + one.unexplained,
      eventsLost: all.eventsLost + one.eventsLost,
    }),
    NOTHING,
  );
}

/** An account, and what else is wrong. */
export type Judged = { readonly account: Account; readonly breaches: readonly string[] };

/** Examples that a breach names. */
const EXAMPLES = 3;

/**
 * Reads both sides of a drained world and compares them with what its clients hold. What the relay answered nothing
 * to is a copy, for it may have kept it; with `refuses`, what it did not say 2xx to is none. Copies of `gone` messages
 * are left out.
 */
export async function judge(
  world: World,
  sent: readonly Sent[],
  {
    refuses = false,
    gone = [],
  }: { readonly refuses?: boolean; readonly gone?: readonly string[] } = {},
): Promise<Judged> {
  const ledger = await entries(world);
  const events = await loggedEvents(world);
  const sink = copies(world)
    .filter(({ accepted }) => accepted || !refuses)
    .filter(({ message }) => !gone.includes(message));
  return judged({ sent, ledger, sink, events, posted: postedBodies(world) });
}

/** What is compared. */
export type Books = {
  readonly sent: readonly Sent[];
  readonly ledger: readonly Entry[];
  readonly sink: readonly Copy[];
  readonly events: readonly LoggedEvent[];
  readonly posted: ReadonlyMap<string, readonly string[]>;
};

/** The account of these books. Pure. */
export function judged({ sent, ledger, sink, events, posted }: Books): Judged {
  const copiesOf = Map.groupBy(sink, nameOf);
  const rowsOf = Map.groupBy(ledger, ({ message }) => message);
  const known = new Set(ledger.map(nameOf));
  const extra = ledger.map((entry) => {
    const second = Math.max(0, (copiesOf.get(nameOf(entry))?.length ?? 0) - 1);
    const doubts = entry.results.filter((result) => result === "unknown").length;
    return { entry, second, explained: Math.min(second, doubts) };
  });

  // Lost: promised to a client and not there; called delivered and not at the relay; not at an end.
  const missing = sent.flatMap(({ ids, to }) => {
    const rows = rowsOf.get(ids[0] ?? "") ?? [];
    const there = new Set(rows.map(({ recipient }) => recipient));
    return ids.length === 0 ? [] : to.filter((recipient) => !there.has(recipient));
  });
  const unsent = ledger.filter((one) => one.state === "delivered" && !copiesOf.has(nameOf(one)));
  const open = ledger.filter(
    ({ state, leased }) => leased || !TERMINAL_STATES.some((terminal) => terminal === state),
  );
  const phantoms = sink.filter((copy) => !known.has(nameOf(copy)));
  const unexplained = extra.filter(({ second, explained }) => second > explained);
  const untold = events.filter(({ id }) => !posted.has(id));

  const attempts = Map.groupBy(
    events.filter(({ name, status }) => name === "delivery_attempt" && status !== "connmaxout"),
    ({ message }) => message,
  );
  const withoutEvent = [...rowsOf].filter(([message, rows]) => {
    const known = rows.flatMap(({ results }) => results).filter((result) => result !== "unknown");
    return known.length !== (attempts.get(message)?.length ?? 0);
  });
  const changed = [...copiesOf.values()].filter((own) => {
    return new Set(own.map(({ sha256 }) => sha256)).size > 1;
  });
  const endless = ledger.filter(({ results }) =>
    results.slice(0, -1).some((result) => result === "success" || result === "failure"),
  );
  const careless = sent
    .filter(({ hold }) => hold)
    .flatMap(({ ids, to }) => to.map((recipient) => ({ message: ids[0] ?? "", recipient })))
    .filter((one) => (copiesOf.get(nameOf(one))?.length ?? 0) > 1);

  return {
    account: {
      accepted: ledger.length,
      lost: missing.length + unsent.length + open.length,
      phantom: phantoms.length,
      explained: total(extra.map(({ explained }) => explained)),
      unexplained: total(extra.map(({ second, explained }) => second - explained)),
      eventsLost: untold.length,
    },
    breaches: [
      ...breach("promised to a client and not in the database", missing),
      ...breach("delivered, but not at the relay", unsent.map(nameOf)),
      ...breach("not at an end", open.map(nameOf)),
      ...breach("at the relay, but never accepted", phantoms.map(nameOf)),
      ...breach(
        "second copies that no attempt explains",
        unexplained.map((one) => nameOf(one.entry)),
      ),
      ...breach(
        "events that no endpoint was told",
        untold.map(({ id }) => id),
      ),
      ...breach("events that are in the log twice", twice(events.map(({ id }) => id))),
      ...breach("webhook-ids with two bodies", differing(posted)),
      ...breach(
        "messages whose attempts and events differ",
        withoutEvent.map(([id]) => id),
      ),
      ...breach(
        "keys with several messages",
        sent.filter(hasSeveral).map(({ key }) => key),
      ),
      ...breach(
        "copies that differ",
        changed.map((own) => nameOf(own[0])),
      ),
      ...breach("histories that go on after their end", endless.map(nameOf)),
      ...breach("sent twice although they asked for hold", careless.map(nameOf)),
    ],
  };
}

function hasSeveral({ ids }: Sent): boolean {
  return new Set(ids).size > 1;
}

function differing(posted: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [...posted].filter(([, bodies]) => new Set(bodies).size > 1).map(([id]) => id);
}

function twice(ids: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return ids.filter((id) => seen.has(id) || (seen.add(id), false));
}

function breach(what: string, found: readonly string[]): readonly string[] {
  if (found.length === 0) return [];
  const more = found.length > EXAMPLES ? " …" : "";
  return [`${found.length} ${what}: ${found.slice(0, EXAMPLES).join(", ")}${more}`];
}

function nameOf(one: { readonly message: string; readonly recipient: string } | undefined): string {
  return one ? `${one.message} ${one.recipient}` : "";
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
