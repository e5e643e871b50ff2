// What /v1/account answers and takes, and what each setting does. Pure.

/** The settings that are numbers, each with its bounds; the API holds them. */
export const NUMBERS = [
  {
    name: "retention_days",
    label: "Messages and events are kept, days",
    does: "Counted from when mail came to its end. What is older is deleted for good; statistics stay.",
    min: 7,
    max: 730,
  },
  {
    name: "content_retention_days",
    label: "Contents are kept, days",
    does: "Text, HTML and attachments: until then a message can be looked at and sent again. Never longer than the message.",
    min: 1,
    max: 730,
  },
  {
    name: "soft_bounce_count",
    label: "Soft bounces until an address counts as bad",
    does: "So many in a row, with nothing delivered between. 0: no number of them does.",
    min: 0,
    max: 100,
  },
  {
    name: "soft_bounce_days",
    label: "Over at least so many days",
    does: "From the first of them to the last: a mailbox that is full for an evening is not bad.",
    min: 0,
    max: 60,
  },
] as const;

type NumberName = (typeof NUMBERS)[number]["name"];

export type Account = Readonly<Record<NumberName, number>> & {
  readonly sid: string;
  readonly org_id: string;
  readonly plan: string;
  readonly limits: {
    readonly attachment_bytes: number;
    readonly recipients: number;
    readonly per_second: number;
    readonly burst: number;
    readonly daily: number | null;
  };
  readonly default_sender: { readonly address: string; readonly name: string } | null;
};

/** Plans to choose from; `local` is that of `npm start`, and chosen nowhere else. */
export const PLANS = ["starter", "growth", "enterprise"] as const;

/** What somebody changed, for PATCH; null when it is nothing. */
export function changeOf(
  account: Account,
  typed: Readonly<Record<string, string>>,
): Readonly<Record<string, number>> | null {
  const changed = NUMBERS.flatMap(({ name }) => {
    const text = typed[name] ?? "";
    return text !== "" && Number(text) !== account[name] ? [[name, Number(text)] as const] : [];
  });
  return changed.length === 0 ? null : Object.fromEntries(changed);
}

/** Whether a change deletes what is there: it has to be confirmed. */
export function deletes(account: Account, change: Readonly<Record<string, number>>): boolean {
  return (["retention_days", "content_retention_days"] as const).some(
    (name) => (change[name] ?? account[name]) < account[name],
  );
}

/** Bytes as people say them. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`;
}
