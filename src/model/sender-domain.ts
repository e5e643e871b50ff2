// A domain that mail may come from, and which of its identities may send AMP.

/** A sender domain with what the checks of a send need to know of it. */
export type SenderDomain = {
  readonly domain: string;
  readonly verified: boolean;
  /** From-names that may send AMP parts; `*` is any (C-06). */
  readonly ampFromNames: readonly string[];
};

/** Who a message is from when the request names nobody. */
export type DefaultSender = { readonly address: string; readonly name: string };
