// Seed lists: addresses that get a copy of what campaigns send (contract 3.6, F-204). Pure.

/** A seed list. */
export type SeedList = {
  readonly id: number;
  readonly name: string;
  /** Those that were erased are left out. */
  readonly addresses: readonly string[];
};

export const MAX_SEED_LISTS = 1_000;
export const MAX_SEED_NAME = 255;
/** Addresses of one seed list: every campaign sends to all of them. */
export const MAX_SEEDS = 100;
