// SQL of what came of the latest deliveries to an address. Deliveries are keyed by address first: this is
// a key range, read only where a soft bounce asks for it.
import type { DeliveryState } from "../model/delivery.ts";
import { type AddressOutcome, countsAsSoft, type SoftBounceRule } from "../model/soft-bounce.ts";
import { accountOf, selectAccount } from "./account.ts";
import { batch, rowsOf, statement } from "./db.ts";

/** What is known of one address. */
export type AddressRecord = {
  /** The scope bounce stops it already. */
  readonly suppressed: boolean;
  readonly outcomes: readonly (AddressOutcome & { readonly messageId: string })[];
};

/** Deliveries looked at per address, newest first; nobody is sent so many within a few days. */
const MAX_DELIVERIES = 1_000;

type AddressRow = { address: string; suppressed: number; since: number | null };
type OutcomeRow = {
  recipient: string;
  message_id: string;
  state: DeliveryState;
  last_code: number | null;
  at: number | null;
  /** Code of a bounce that came back later. */
  late_code: number | null;
};

/**
 * The account's rule and what came of the latest deliveries to each address, in one round trip. What was
 * before somebody removed the address's suppression does not count any more.
 */
export async function readOutcomes(
  db: D1Database,
  addresses: readonly string[],
): Promise<{
  readonly rule: SoftBounceRule;
  readonly records: ReadonlyMap<string, AddressRecord>;
}> {
  const list = JSON.stringify(addresses);
  const results = await batch(db, [
    selectAccount(db),
    statement(
      db,
      `select a.value as address,
         exists (select 1 from suppressions s where s.address = a.value and s.scope = 'bounce')
           as suppressed,
         (select max(at) from suppression_changes c where c.address = a.value
           and c.scope = 'bounce' and c.action = 'removed') as since
       from json_each(?1) a`,
      list,
    ),
    statement(
      db,
      `select d.recipient, d.message_id, d.state, d.last_code, d.history ->> '$[#-1].at' as at,
         b.value ->> 'code' as late_code
       from json_each(?1) a
       join deliveries d on d.recipient = a.value and d.message_id in (
         select message_id from deliveries where recipient = a.value
         order by message_id desc limit ${MAX_DELIVERIES})
       left join json_each(d.activity) b on b.value ->> 'kind' = 'bounce'
       where d.state in ('delivered', 'bounced', 'expired')`,
      list,
    ),
  ]);
  const found = rowsOf<OutcomeRow>(results[2]);
  const records = rowsOf<AddressRow>(results[1]).map(({ address, suppressed, since }) => {
    const own = found.filter(({ recipient }) => recipient === address).flatMap(outcomeOf);
    const outcomes = own.filter(({ at }) => at > (since ?? 0));
    return [address, { suppressed: suppressed === 1, outcomes }] as const;
  });
  return { rule: accountOf(results[0]).softBounces, records: new Map(records) };
}

/**
 * What a delivery says of its address: nothing, where the relay was to blame. A bounce that came back later
 * counts when its mail left, so that what left after it is not between it and those before.
 */
function outcomeOf(row: OutcomeRow): AddressRecord["outcomes"] {
  const { message_id: messageId } = row;
  const at = row.at ?? 0;
  if (row.state === "delivered") return [{ messageId, at, soft: false }];
  const soft =
    row.late_code === null
      ? countsAsSoft(row.last_code ?? 0, "in the dialogue")
      : countsAsSoft(row.late_code, "late");
  return soft ? [{ messageId, at, soft }] : [];
}
