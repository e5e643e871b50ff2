// Relays, pools and rules, as /v1/relays and /v1/pools answer them. Pure.
export type Relay = {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tls: string;
  readonly username: string | null;
  readonly verp: boolean;
  readonly state: string;
  readonly failures: number;
  readonly aside_until: string | null;
  readonly last_failure: string | null;
  readonly intake: string | null;
  readonly pools: readonly string[];
};

export type Place = { readonly relay_id: string; readonly weight: number };

export type Pool = {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly kind: string;
  readonly relays: readonly Place[];
  /** null: the default pool, made of the relays that stand in no other. */
  readonly created_at: string | null;
};

export type Rule = {
  readonly pool_id: string;
  readonly mail_class: string | null;
  readonly key_id: string | null;
  readonly tag: string | null;
  readonly domain: string | null;
};

/** The relay that RELAY_URL names: no request removes it. */
export const DEFAULT_RELAY_ID = "default";

export const TLS_WORDS = [
  ["starttls", "STARTTLS, as on port 587"],
  ["implicit", "TLS from the start, as on port 465"],
  ["none", "none, for a relay on this machine"],
] as const;

export const KIND_WORDS = [
  ["shared", "shared: its relays may stand in other pools"],
  ["dedicated", "dedicated: its relays stand in no other pool"],
] as const;

/** Which mail a rule is about, in words. */
export function conditionOf({ mail_class, key_id, tag, domain }: Rule): string {
  const parts = [
    mail_class && `${mail_class} mail`,
    key_id && `of the key ${key_id}`,
    tag && `with the tag ${tag}`,
    domain && `to ${domain}`,
  ].filter((part): part is string => typeof part === "string" && part !== "");
  return parts.length === 0 ? "all mail" : parts.join(" ");
}

/** The rules with one of them a place earlier. */
export function raised(rules: readonly Rule[], index: number): readonly Rule[] {
  const [one, other] = [rules[index], rules[index - 1]];
  return one && other ? rules.toSpliced(index - 1, 2, one, other) : rules;
}

/** The places of a pool with a relay put in with a weight, or taken out (null). */
export function placed(
  places: readonly Place[],
  relayId: string,
  weight: number | null,
): readonly Place[] {
  if (weight === null) return places.filter(({ relay_id }) => relay_id !== relayId);
  const place = { relay_id: relayId, weight };
  const isThere = places.some(({ relay_id }) => relay_id === relayId);
  return isThere
    ? places.map((one) => (one.relay_id === relayId ? place : one))
    : [...places, place];
}
