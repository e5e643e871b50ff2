// Which of the soft bounces about to be recorded are one too many for their address (1.9.3, A-050). Costs
// one D1 round trip, and only where there is a soft bounce.
import type { App } from "../app.ts";
import { isRepeated } from "../model/soft-bounce.ts";
import { readOutcomes } from "../store/delivery-outcome.ts";

/** A soft bounce that counts. */
export type SoftBounce = {
  /** The key of its address. */
  readonly recipient: string;
  readonly messageId: string;
  /** When its mail was refused or left, epoch milliseconds. */
  readonly at: number;
};

/** Those that make their address a bad one; one per address at most, none that is suppressed already. */
export async function repeated<Bounce extends SoftBounce>(
  app: App,
  bounces: readonly Bounce[],
): Promise<ReadonlySet<Bounce>> {
  const found = new Set<Bounce>();
  if (bounces.length === 0) return found;
  const byAddress = Map.groupBy(bounces, ({ recipient }) => recipient);
  const { rule, records } = await readOutcomes(app.db, [...byAddress.keys()]);
  for (const [recipient, own] of byAddress) {
    const record = records.get(recipient);
    if (!record || record.suppressed) continue;
    const messages = new Set(own.map(({ messageId }) => messageId));
    const before = record.outcomes.filter(({ messageId }) => !messages.has(messageId));
    const last = own.find((bounce, n) => {
      const now = own.slice(0, n + 1).map(({ at }) => ({ at, soft: true }));
      return isRepeated([...before.filter(({ at }) => at <= bounce.at), ...now], rule);
    });
    if (last) found.add(last);
  }
  return found;
}
