// Webhooks as /v1/webhooks answers them, and what follows from that. Pure.
import { EVENTS as MAIL_EVENTS } from "../../lib/words.ts";

export type Webhook = {
  readonly id: string;
  readonly url: string;
  /** Null: all. */
  readonly events: readonly string[] | null;
  readonly format: Format;
  readonly state: "enabled" | "disabled";
  readonly disabled_reason: string | null;
  readonly failing_since: string | null;
  readonly created_at: string;
  readonly previous_secret_until: string | null;
  readonly warning?: string;
};

/** How far one has come. */
export type Health = {
  readonly state: Webhook["state"];
  readonly failing_since: string | null;
  readonly told_up_to: string | null;
  readonly behind_seconds: number;
  readonly waiting: number;
  readonly exhausted: number;
  readonly counted_all: boolean;
  readonly next_try_at: string | null;
  readonly replays: readonly { readonly id: string; readonly from: string; readonly to: string }[];
};

/** The names of a format, in the order in which they are offered. */
export const EVENTS = {
  kasplo: MAIL_EVENTS,
  kasapost: ["accepted", "delivered", "deferred", "failed", "bounced", "suppressed", "complained"],
} as const;
export type Format = keyof typeof EVENTS;

/** How an endpoint is, in one word. */
export function wordOf({
  state,
  failing_since: since,
}: Pick<Webhook, "state" | "failing_since">): string {
  return state === "enabled" && since !== null ? "failing" : state;
}

/** What somebody types to delete an endpoint: short enough to type, and theirs. */
export function nameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** Whether more will be known soon: something is on its way, or the next try is near. */
export function isMoving(health: Health, now: number): boolean {
  const next = health.next_try_at === null ? Infinity : Date.parse(health.next_try_at);
  const isOn = health.state === "enabled";
  return isOn && (health.replays.length > 0 || health.behind_seconds > 0 || next - now < SOON_MS);
}

/** The first retry comes after some five seconds; waiting for the later ones is no use. */
const SOON_MS = 20_000;

/** Changes when a list of failures may have changed. */
export function versionOf(health: Health | null): string {
  return health ? `${health.waiting} ${health.exhausted} ${health.next_try_at}` : "";
}

/** A body as people read it; what is no JSON stays as it is. */
export function prettyOf(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** Words of others as the end of a sentence of ours. */
export function sentence(words: string): string {
  return words.endsWith(".") ? words : `${words}.`;
}

/** Header fields as they go over the wire. */
export function headText(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}
