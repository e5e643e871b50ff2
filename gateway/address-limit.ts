// How many connections each address has open, so that one machine cannot take them all.
import { networkOf } from "./lock-out.ts";

/** Counts connections by address; IPv6 by /64. */
export type AddressLimit = {
  /** Takes a place; null when the address has none left, else how to give it back (once). */
  readonly enter: (address: string) => (() => void) | null;
};

export function addressLimit(most: number): AddressLimit {
  const open = new Map<string, number>();
  return {
    enter(address) {
      const network = networkOf(address);
      const count = open.get(network) ?? 0;
      if (count >= most) return null;
      open.set(network, count + 1);
      return () => {
        const left = (open.get(network) ?? 1) - 1;
        if (left > 0) open.set(network, left);
        else open.delete(network);
      };
    },
  };
}
