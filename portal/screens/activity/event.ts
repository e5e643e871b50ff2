// An event as /v1/events and the live feed show it.
export type ActivityEvent = {
  readonly id: string;
  readonly event: string;
  /** Seconds since the epoch, or ISO 8601. */
  readonly timestamp: string;
  readonly email: string;
  /** `<message id>:<index>`. */
  readonly click_tracking_id?: string;
  readonly tags?: string;
  readonly status?: string;
  readonly message?: string;
  readonly bounce_text?: string;
  readonly click_url?: string;
  readonly machine?: boolean;
};

/** More rows than anybody reads make a phone slow; older ones come by cursor. */
export const MAX_ROWS = 1_000;

/** When it happened, ISO 8601. Pure. */
export function atOf({ timestamp }: ActivityEvent): string {
  return /^\d+$/.test(timestamp) ? new Date(Number(timestamp) * 1_000).toISOString() : timestamp;
}

/** The message it is about, or null. Pure. */
export function messageOf({ click_tracking_id }: ActivityEvent): string | null {
  return click_tracking_id?.split(":")[0] || null;
}

/** Each event once, newest first; of one second in the order given. Pure. */
export function newestFirst(events: readonly ActivityEvent[]): readonly ActivityEvent[] {
  const once = new Map(events.map((event) => [event.id, event]));
  const sorted = [...once.values()].toSorted((a, b) => atOf(b).localeCompare(atOf(a)));
  return sorted.slice(0, MAX_ROWS);
}
