// How a deployment is, as its operator sees it. Pure.

/** What was read. Times are epoch milliseconds. */
export type Health = {
  /** Bytes of the database. */
  readonly databaseBytes: number;
  readonly lanes: readonly {
    readonly lane: string;
    /** When the oldest delivery that is not over is due; null when nothing waits. */
    readonly oldestDueAt: number | null;
  }[];
  /** Relays that failed lately; a relay that is well is not here. */
  readonly relays: readonly {
    readonly relayId: string;
    readonly failures: number;
    readonly asideUntil: number | null;
    readonly reason: string;
  }[];
  readonly endpoints: readonly {
    readonly webhookId: string;
    readonly state: "enabled" | "disabled";
    readonly failingSince: number | null;
    /** The commit time of the first event that it has not read. */
    readonly unreadSince: number | null;
  }[];
};

/** Due work that waits longer than this is late: two sweeps and a lease. */
const LATE_MS = 150_000;

/** Events that wait longer than this are late. */
const UNREAD_MS = 60_000;

/** What an operator should look at, in words; empty when all is well. */
export function concernsOf(health: Health, now: number): readonly string[] {
  const late = health.lanes.filter(
    ({ oldestDueAt }) => oldestDueAt !== null && now - oldestDueAt > LATE_MS,
  );
  const aside = health.relays.filter(({ asideUntil }) => asideUntil !== null && asideUntil > now);
  const failing = health.endpoints.filter(({ failingSince }) => failingSince !== null);
  const unread = health.endpoints.filter(
    ({ state, unreadSince, failingSince }) =>
      state === "enabled" &&
      failingSince === null &&
      unreadSince !== null &&
      now - unreadSince > UNREAD_MS,
  );
  return [
    ...late.map(({ lane }) => `deliveries of the ${lane} lane are late`),
    ...aside.map(({ relayId, reason }) => `relay ${relayId} is put aside: ${reason}`),
    ...failing.map(({ webhookId }) => `webhook ${webhookId} fails`),
    ...unread.map(({ webhookId }) => `webhook ${webhookId} is behind`),
  ];
}
