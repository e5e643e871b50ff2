// Limits, pace, warm-up, credits and price, as the API answers them. Pure.

/** How fast a pool's mail goes to a group of recipient domains. */
export type Throttle = {
  readonly pool: string;
  readonly group: string;
  readonly settings: ThrottleSettings;
  readonly pace: {
    readonly connections: number;
    readonly in_use: number;
    readonly last_hour: number;
    readonly percent: number;
    readonly reason: string | null;
    readonly warm_up: WarmUp | null;
  };
};

export type ThrottleSettings = {
  readonly connections: number;
  readonly per_hour: number | null;
  readonly adaptive: boolean;
  readonly warm_up: boolean;
};

export type WarmUp = {
  readonly step: number;
  /** Messages; null: it is over. */
  readonly today: number | null;
  readonly sent: number;
  readonly tomorrow: number | null;
};

export type Limits = {
  readonly plan: string;
  readonly pace: { readonly percent: number; readonly reason: string | null } | null;
  readonly limits: readonly Limit[];
};

export type Limit = {
  readonly name: string;
  readonly recipients: number;
  readonly window_seconds: number;
  readonly remaining: number | null;
  readonly reset_seconds: number | null;
};

export type Credits = {
  readonly balance: number | null;
  readonly unlimited: boolean;
  readonly history: readonly CreditEntry[];
};

export type CreditEntry = {
  readonly at: string;
  readonly kind: string;
  readonly amount: number;
  readonly balance: number | null;
  readonly message_id: string | null;
  readonly by: string | null;
  readonly reason: string | null;
};

export type Usage = {
  readonly emails: number;
  readonly usd: number;
  readonly usd_per_thousand_emails: number | null;
  readonly operations: Readonly<Record<string, { readonly count: number; readonly usd: number }>>;
  readonly storage: { readonly database_bytes: number; readonly usd_per_month: number };
  readonly prices: { readonly as_of: string };
};

/** Days of a warm-up from its first allowance to its last (docs/pacing.md): each doubles the one before. */
const FIRST_ALLOWANCE = 50;
const STEPS = 15;

/** One day of the curve; `height` is its share of the last one's on a logarithmic scale, 0 to 1. */
export type CurveDay = {
  readonly step: number;
  readonly messages: number;
  readonly height: number;
  readonly is: "done" | "today" | "ahead";
};

/** The curve that a warm-up climbs, with where it stands. */
export function curveOf({ step, today }: WarmUp): readonly CurveDay[] {
  return Array.from({ length: STEPS }, (_, n) => ({
    step: n,
    messages: FIRST_ALLOWANCE * 2 ** n,
    height: (n + 1) / STEPS,
    is: today === null || n < step ? "done" : n === step ? "today" : "ahead",
  }));
}

/** The state of a warm-up and its next step in words. */
export function warmUpWords({ step, today, sent, tomorrow }: WarmUp): string {
  if (today === null) return "over: nothing holds it back";
  const next = tomorrow === null ? "it is over" : `${tomorrow} messages`;
  return `step ${step + 1}: ${sent} of ${today} messages today; tomorrow, if it goes on so, ${next}`;
}

/** A time span in words: `1 hour`, `20 seconds`. */
export function spanWords(seconds: number): string {
  const units = [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
    [1, "second"],
  ] as const;
  const [size, name] = units.find(([size]) => seconds >= size && seconds % size === 0) ?? [
    1,
    "second",
  ];
  const count = seconds / size;
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

const DOLLARS = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });

/** An amount of US dollars; of small ones three digits that say something. */
export function dollars(usd: number): string {
  if (usd === 0 || Math.abs(usd) >= 1) return DOLLARS.format(usd);
  return `$${Number(usd.toPrecision(3))}`;
}

/** The fields of a throttle's form; empty text: the pool's setting. */
export type ThrottleFields = {
  readonly connections: string;
  readonly perHour: string;
  readonly adaptive: boolean;
  readonly warmUp: boolean;
};

/** What the form shows of the settings that hold. */
export function throttleFields(settings: ThrottleSettings): ThrottleFields {
  return {
    connections: String(settings.connections),
    perHour: settings.per_hour?.toString() ?? "",
    adaptive: settings.adaptive,
    warmUp: settings.warm_up,
  };
}

/** What a form's fields change of a throttle. The rest is not sent: what a group has of its pool stays the pool's. */
export function throttleChange(fields: ThrottleFields, settings: ThrottleSettings) {
  const before = throttleFields(settings);
  return {
    ...(fields.connections !== before.connections && { connections: numberIn(fields.connections) }),
    ...(fields.perHour !== before.perHour && { per_hour: numberIn(fields.perHour) }),
    ...(fields.adaptive !== before.adaptive && { adaptive: fields.adaptive }),
    ...(fields.warmUp !== before.warmUp && { warm_up: fields.warmUp }),
  };
}

function numberIn(text: string): number | null {
  return text === "" ? null : Number(text);
}
