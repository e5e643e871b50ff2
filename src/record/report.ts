// What others say of a delivery later → what is committed: its trace, its events, its state, its
// suppressions (1.9.3, 3.7). A kind that was said before changes nothing. Pure.
import { BAD_ADDRESS, type BounceCode, bounceType, isBounceCode } from "../model/bounce.ts";
import {
  type DeliveryState,
  isReport,
  mayFollow,
  type ReportTrace,
  TERMINAL_STATES,
} from "../model/delivery.ts";
import { badAddressOf, type DeliveryEvent, type EventBase } from "../model/event.ts";
import { type CountedBounce, worseBounce } from "../model/list-campaign.ts";
import type { Report, ReportKind, ReportOutcome, Said } from "../model/report.ts";
import { countsAsSoft } from "../model/soft-bounce.ts";
import type { ActivityEntry, TrackedDelivery, Verdict } from "../store/delivery-activity.ts";
import type { SoftBounce } from "./repeated.ts";

/** What reports of one delivery come to; `outcomes` are in the order of the reports. */
export type Reported = {
  readonly entry: ActivityEntry;
  readonly outcomes: readonly ReportOutcome[];
};

/** Judges reports of one delivery against what is known of it. */
export function reported(
  delivery: TrackedDelivery,
  reports: readonly Report[],
  by: { readonly now: number; readonly newId: () => string },
): Reported {
  const known = new Set<ReportKind>(delivery.activity.filter(isReport).map(({ kind }) => kind));
  const outcomes: ReportOutcome[] = [];
  const said: Spoken[] = [];
  for (const report of reports) {
    const outcome = outcomeOf(delivery, report.said.kind, known);
    outcomes.push(outcome);
    if (outcome !== "recorded") continue;
    known.add(report.said.kind);
    said.push({ said: report.said, at: Math.min(report.at, by.now), id: by.newId() });
  }
  let bounced = bouncedBefore(delivery);
  const entry: ActivityEntry = {
    delivery,
    added: said.map(traceOf),
    events: said.flatMap((spoken) => {
      const before = bounced;
      const code = codeOf(spoken.said);
      if (code !== null) bounced = worseBounce(before, { code, local: false });
      return eventsOf(delivery, { ...spoken, before }, by.newId);
    }),
    verdict: verdictOf(delivery, said),
  };
  return { entry, outcomes };
}

/** A report that counts; its event has this id. */
type Spoken = { readonly said: Said; readonly at: number; readonly id: string };

/** How the bounces of a delivery count so far; null when it had none. */
function bouncedBefore({ state, history, activity }: TrackedDelivery): CountedBounce | null {
  const refused = state === "bounced" && history.some(({ result }) => result === "failure");
  const code = history.findLast((attempt) => attempt.code !== null)?.code ?? UNKNOWN_BOUNCE;
  const here = (refused || state === "expired") && isBounceCode(code);
  return activity
    .filter(isReport)
    .reduce<CountedBounce | null>(
      (worst, { code: said }) =>
        said !== null && isBounceCode(said)
          ? worseBounce(worst, { code: said, local: false })
          : worst,
      here ? { code, local: true } : null,
    );
}

/** A refusal that no rule knows (contract 3.7). */
const UNKNOWN_BOUNCE = 40 satisfies BounceCode;

const OVER: ReadonlySet<DeliveryState> = new Set(TERMINAL_STATES);

function outcomeOf(
  { state, history }: TrackedDelivery,
  kind: ReportKind,
  known: ReadonlySet<ReportKind>,
): ReportOutcome {
  if (known.has(kind)) return "known";
  if (kind !== "bounce" && kind !== "delayed") return "recorded";
  // Its bounce_all has been told.
  if (state === "bounced" || state === "expired" || known.has("bounce")) return "known";
  if (kind === "delayed") return "recorded";
  if (!OVER.has(state)) return "too_early";
  // Held, cancelled or suppressed: only a copy that may have left can come back.
  const left = history.some(({ result }) => result === "success" || result === "unknown");
  return left ? "recorded" : "known";
}

function traceOf({ said, at, id }: Spoken): ReportTrace {
  return { id, kind: said.kind, at, code: codeOf(said), reply: said.reply, log: null };
}

/** The bounce code of a report (3.7); null when it is none. */
function codeOf(said: Said): BounceCode | null {
  switch (said.kind) {
    case "bounce":
      return said.code;
    case "auto_reply":
      return 60;
    case "delayed":
      return 70;
    case "complaint":
    case "received":
      return null;
  }
}

function eventsOf(
  delivery: TrackedDelivery,
  { said, at, id, before }: Spoken & { readonly before: CountedBounce | null },
  newId: () => string,
): readonly DeliveryEvent[] {
  const { messageId, position, email, tags, sendId, listId, mailClass } = delivery;
  const base: EventBase = { id, at, messageId, position, email, tags, sendId, listId, mailClass };
  if (said.kind === "complaint") return [{ ...base, name: "spam_complaint" }];
  const code = codeOf(said);
  if (code === null) return [];
  const reported = { before };
  const bounce = { bounceType: bounceType(code), bounceCode: code, text: textOf(said), reported };
  const ends = said.kind === "bounce" && mayFollow(delivery.state, "bounced");
  const ended = ends ? { deliveredAt: delivery.deliveredAt } : {};
  const all = { ...base, ...bounce, ...ended, name: "bounce_all" } as const;
  return code === BAD_ADDRESS ? [all, ...badAddressOf(all, newId)] : [all];
}

/** `bounce_text`, as 3.8 words what happens in the dialogue; real newlines. */
function textOf(said: Said): string {
  const words = said.reply === "" ? "" : `Remote host said: ${said.reply}\n`;
  switch (said.kind) {
    case "bounce":
      return `${said.host || "A later host"} refused the message after the relay accepted it.\n${words}`;
    case "delayed":
      return `A later host is still trying to deliver the message.\n${words}`;
    case "auto_reply":
      return `An automatic reply came back.\n${words}`;
    case "complaint":
    case "received":
      return words;
  }
}

/** The soft bounce of an entry that ends its delivery; null when there is none. */
export function lateSoftBounce({ delivery, events, verdict }: ActivityEntry): SoftBounce | null {
  const soft = events.some(
    (event) => event.name === "bounce_all" && countsAsSoft(event.bounceCode, "late"),
  );
  const { recipient, messageId, deliveredAt } = delivery;
  if (!soft || !verdict?.bounced || deliveredAt === null) return null;
  return { recipient, messageId, at: deliveredAt };
}

/** An entry whose soft bounce was one too many: the address is a bad one (1.9.3). */
export function asBadAddress(entry: ActivityEntry, newId: () => string): ActivityEntry {
  const all = entry.events.find((event) => event.name === "bounce_all" && event.bounceType === "s");
  const trace = entry.added.find(({ kind }) => kind === "bounce");
  if (!all || !trace || !entry.verdict) return entry;
  const reason = isReport(trace) ? trace.reply : "";
  const suppress = [...entry.verdict.suppress, { scope: "bounce", reason } as const];
  const events = [...entry.events, ...badAddressOf(all, newId)];
  return { ...entry, events, verdict: { ...entry.verdict, suppress } };
}

function verdictOf({ state }: TrackedDelivery, said: readonly Spoken[]): Verdict {
  const suppress = said.flatMap(({ said: one }): Verdict["suppress"] => {
    if (one.kind === "complaint") return [{ scope: "complaint", reason: one.reply }];
    const bad = one.kind === "bounce" && one.code === BAD_ADDRESS;
    return bad ? [{ scope: "bounce", reason: one.reply }] : [];
  });
  const bounce = said.some(({ said: one }) => one.kind === "bounce");
  return { bounced: bounce && mayFollow(state, "bounced"), suppress };
}
