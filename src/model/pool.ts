// A pool: relays that share the mail given to it, by weight (D-10), and the rules that choose the pool. Pure.
import type { MailClass } from "./message.ts";

/** The pool that always is: mail that no rule sends elsewhere, relays that stand in no other pool. */
export const DEFAULT_POOL_ID = "default";

/** `shared`: its relays may stand in other pools too; `dedicated`: in no other one (F-022, F-023). */
export const POOL_KINDS = ["shared", "dedicated"] as const;
export type PoolKind = (typeof POOL_KINDS)[number];

/** Weights are small whole numbers, so that shares can be read off them; 0 is a stand-by. */
export const MAX_WEIGHT = 100;

/** A relay's place in a pool. Weight 0: used, in their order, while none with a weight can be. */
export type PoolPlace = { readonly relayId: string; readonly weight: number };

/** A pool. `number` is its id where ids are integers; it is never given twice. */
export type Pool = {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly kind: PoolKind;
  readonly relays: readonly PoolPlace[];
  readonly createdAt: number;
};

/** Mail that fits every condition goes to the pool; null fits all. */
export type PoolRule = {
  readonly poolId: string;
  readonly mailClass: MailClass | null;
  readonly keyId: string | null;
  readonly tag: string | null;
  /** Of the recipient: A-labels, lower case. */
  readonly domain: string | null;
};

/** What rules look at. */
export type PoolMail = {
  readonly mailClass: MailClass;
  readonly keyId: string;
  readonly tags: string;
  readonly domain: string;
};

/** The pool of a delivery: that of the first rule that fits. */
export function poolOf(rules: readonly PoolRule[], mail: PoolMail): string {
  const rule = rules.find(
    ({ mailClass, keyId, tag, domain }) =>
      (mailClass ?? mail.mailClass) === mail.mailClass &&
      (keyId ?? mail.keyId) === mail.keyId &&
      (tag ?? mail.tags) === mail.tags &&
      (domain ?? mail.domain) === mail.domain,
  );
  return rule?.poolId ?? DEFAULT_POOL_ID;
}

/**
 * The default pool with the relays (ids in their order) that stand in no other: the first carries, the
 * others stand by.
 */
export function defaultPool(pools: readonly Pool[], relayIds: readonly string[]): Pool {
  const placed = new Set(pools.flatMap(({ relays }) => relays.map(({ relayId }) => relayId)));
  const free = relayIds.filter((id) => !placed.has(id));
  return {
    id: DEFAULT_POOL_ID,
    number: 0,
    name: "System Default Route",
    kind: "shared",
    relays: free.map((relayId, index) => ({ relayId, weight: index === 0 ? 1 : 0 })),
    createdAt: 0,
  };
}

/** The pool that forbids a pool of these relays, because one of the two is dedicated; or null. */
export function conflictOf(
  pools: readonly Pool[],
  wanted: Pick<Pool, "id" | "kind" | "relays">,
): Pool | null {
  const ids = new Set(wanted.relays.map(({ relayId }) => relayId));
  const found = pools.find(
    ({ id, kind, relays }) =>
      id !== wanted.id &&
      (kind === "dedicated" || wanted.kind === "dedicated") &&
      relays.some(({ relayId }) => ids.has(relayId)),
  );
  return found ?? null;
}
