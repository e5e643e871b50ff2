// A small memory of the isolate: values that were loaded lately, each for a limited time.

/** Remembers what `load` gave for a key, also "there is none", for `ttlMs`; oldest entries leave first. */
export type TtlCache<V> = {
  readonly get: (key: string, now: number, load: () => Promise<V>) => Promise<V>;
  readonly delete: (key: string) => void;
};

/** A cache of at most `maxEntries` values. */
export function ttlCache<V>(limits: { ttlMs: number; maxEntries: number }): TtlCache<V> {
  const entries = new Map<string, { readonly value: V; readonly until: number }>();
  return {
    async get(key, now, load) {
      const known = entries.get(key);
      if (known && now < known.until && now >= known.until - limits.ttlMs) return known.value;
      const value = await load();
      entries.delete(key);
      entries.set(key, { value, until: now + limits.ttlMs });
      const oldest = entries.keys().next();
      if (entries.size > limits.maxEntries && !oldest.done) entries.delete(oldest.value);
      return value;
    },
    delete(key) {
      entries.delete(key);
    },
  };
}
