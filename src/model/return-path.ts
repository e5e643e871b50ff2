// The return path that Edgepost gives a delivery (VERP): what comes back to it names the delivery.

/** What an address that mail came to says. */
export type ReadReturnPath =
  /** It is one of ours, and this is its delivery. */
  | { readonly kind: "place"; readonly messageId: string; readonly position: number }
  /** It was ours; its time is over. */
  | { readonly kind: "expired" }
  /** It looks like one of ours, and was not signed here as it stands. */
  | { readonly kind: "forged" }
  /** Any other address. */
  | { readonly kind: "other" };

/** Makes return paths and reads them. The same delivery has the same one as long as the keys are the same. */
export type ReturnPaths = {
  readonly addressOf: (
    place: { readonly messageId: string; readonly position: number },
    bounceDomain: string,
  ) => Promise<string>;
  /** Reads an address, in any case; `now` in epoch milliseconds. */
  readonly read: (address: string, now: number) => Promise<ReadReturnPath>;
};

/** The local part where complaints about any mail may be sent, at every bounce domain. */
export const COMPLAINTS_LOCAL_PART = "fbl";
