// What a list is set to: defaults of its campaigns, headers and tags of its mail (contract 3.2, 3.3, 3.4), under
// the documented names. References stand as numbers and names; the Mailing Lists API shows the rest. Pure.
import { fail, ok, type Result } from "../lib/result.ts";
import { parseDomain } from "./address.ts";
import { parseListHeaders } from "./list-header.ts";
import { invalidField, type Problem } from "./problem.ts";

export const DELAY_UNITS = ["minutes", "hours", "days"] as const;
/** How the winner of a split test is found (3.3). */
export const WINNER_METRICS = [
  "opens_unique",
  "clicks_unique",
  "opens_total",
  "clicks_total",
  "click_to_open_rate",
] as const;

/** Tags of links (3.4). */
export type ListAnalytics = {
  readonly tracking_id: string;
  readonly source: string;
  readonly restrict_to_domain_list: boolean;
  readonly domain_list: readonly string[];
};

/** Everything that a list is set to. */
export type ListSettings = {
  readonly d_from_email: string | null;
  readonly d_from_name: string | null;
  readonly d_reply_to: string | null;
  /** The number of a pool; 0 is the deployment's default route. */
  readonly d_virtual_mta_id: number | null;
  readonly d_url_domain: string | null;
  readonly d_speed: number | null;
  readonly d_sender_email: string | null;
  readonly d_bounce_email: string | null;
  readonly d_seed_list_ids: readonly number[];
  readonly d_autowinner_enabled: boolean;
  readonly d_autowinner_percentage: string | null;
  readonly d_autowinner_delay_amount: number | null;
  readonly d_autowinner_delay_unit: (typeof DELAY_UNITS)[number];
  readonly d_autowinner_metric: (typeof WINNER_METRICS)[number] | null;
  readonly has_format: boolean;
  readonly has_confirmed: boolean;
  readonly custom_headers_enabled: boolean;
  readonly custom_headers: string;
  readonly primary_key_custom_field_id: number | null;
  /** Values by `custom_fields.id`. */
  readonly preview_custom_field_data: Readonly<Record<string, unknown>>;
  /** Null when it is not enabled. */
  readonly google_analytics: ListAnalytics | null;
};

/** What a new list is set to. */
export const DEFAULT_SETTINGS: ListSettings = {
  d_from_email: null,
  d_from_name: null,
  d_reply_to: null,
  d_virtual_mta_id: null,
  d_url_domain: null,
  d_speed: null,
  d_sender_email: null,
  d_bounce_email: null,
  d_seed_list_ids: [],
  d_autowinner_enabled: false,
  d_autowinner_percentage: null,
  d_autowinner_delay_amount: null,
  d_autowinner_delay_unit: "minutes",
  d_autowinner_metric: null,
  has_format: false,
  has_confirmed: false,
  custom_headers_enabled: false,
  custom_headers: "",
  primary_key_custom_field_id: null,
  preview_custom_field_data: {},
  google_analytics: null,
};

/** Settings from what `keptSettings` made of them. */
export function listSettings(kept: Readonly<Record<string, unknown>>): ListSettings {
  return { ...DEFAULT_SETTINGS, ...kept };
}

/** What is kept of settings: what differs from the defaults. */
export function keptSettings(settings: ListSettings): Readonly<Record<string, unknown>> {
  const defaults = new Map<string, unknown>(Object.entries(DEFAULT_SETTINGS));
  return Object.fromEntries(
    Object.entries(settings).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults.get(name)),
    ),
  );
}

const MAX_PERCENTAGE = 100;

/**
 * A percentage, over 0 and up to 100 with at most two decimals, as it is kept: with one decimal or two. A
 * number counts as JSON writes it, so 94.85000000000001 has too many.
 */
export function parsePercentage(given: number | string): Result<string, string> {
  const [all, whole = "", decimals = ""] = /^(\d{1,3})(?:\.(\d{1,20}))?$/.exec(String(given)) ?? [];
  if (all === undefined) return fail('must be a number such as "12.5"');
  if (decimals.length > 2) return fail('must have at most two decimals; send it as "94.85"');
  if (Number(all) <= 0 || Number(all) > MAX_PERCENTAGE) {
    return fail(`must be over 0 and at most ${MAX_PERCENTAGE}`);
  }
  return ok(`${Number(whole)}.${decimals.replace(/0$/, "") || "0"}`);
}

/** A `tracking_id`: of the former kind or the present one. */
const TRACKING_ID = /^(?:UA-\d{1,20}-\d{1,10}|G-[A-Z0-9]{1,20})$/;
const MAX_SOURCE_LENGTH = 255;

/** What does not fit together in settings, or null. `name` of a problem is the documented key. */
export function settingsFault(settings: ListSettings): Problem | null {
  return winnerFault(settings) ?? headerFault(settings) ?? analyticsFault(settings);
}

function winnerFault(settings: ListSettings): Problem | null {
  if (!settings.d_autowinner_enabled) return null;
  const needed = [
    "d_autowinner_percentage",
    "d_autowinner_delay_amount",
    "d_autowinner_metric",
  ] as const;
  const missing = needed.find((name) => settings[name] === null);
  if (missing) return invalidField(missing, "must be set while d_autowinner_enabled is true");
  const delay = settings.d_autowinner_delay_amount ?? 0;
  return delay < 1 ? invalidField("d_autowinner_delay_amount", "must be at least 1") : null;
}

function headerFault(settings: ListSettings): Problem | null {
  const headers = parseListHeaders(settings.custom_headers);
  if (!headers.ok) return invalidField("custom_headers", headers.error);
  return settings.custom_headers_enabled && headers.value.length === 0
    ? invalidField("custom_headers", "must be set while custom_headers_enabled is true")
    : null;
}

function analyticsFault({ google_analytics: analytics }: ListSettings): Problem | null {
  if (analytics === null) return null;
  const { tracking_id: id, source, restrict_to_domain_list: restricted } = analytics;
  if (!TRACKING_ID.test(id)) {
    return invalidField(
      "google_analytics.tracking_id",
      "must be such as UA-123456789-11 or G-ABC123",
    );
  }
  if (source.trim() === "" || source.length > MAX_SOURCE_LENGTH) {
    const reason = `must be 1–${MAX_SOURCE_LENGTH} characters`;
    return invalidField("google_analytics.source", reason);
  }
  const wrong = analytics.domain_list.find((domain) => !parseDomain(domain).ok);
  if (wrong !== undefined || (restricted && analytics.domain_list.length === 0)) {
    const reason = "must be host names such as example.com";
    return invalidField("google_analytics.domain_list", reason);
  }
  return null;
}
