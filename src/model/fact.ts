// What a reader did, as the track queue carries it: opens and clicks themselves, not wake-ups. Losing one
// loses a statistic, never mail.
import * as z from "zod";

/** Longer user agents are cut: they are of no use and a stranger writes them. */
export const MAX_USER_AGENT = 512;

const base = {
  /** UUIDv7, given when it happened; the same fact twice counts once. Becomes the event's id. */
  id: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
  messageId: z.string(),
  position: z.number(),
  ip: z.string(),
  userAgent: z.string(),
  /** The request said that nobody looks yet (Sec-Purpose: prefetch and the like). */
  prefetch: z.boolean(),
};

export const factSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("open"), ...base }),
  z.object({ kind: z.literal("click"), ...base, index: z.number(), url: z.string() }),
]);

/** An open or a click. */
export type Fact = z.infer<typeof factSchema>;

/** The facts of a queue message, which holds some or, from an older version, one; what is none is left out. */
export function parseFacts(body: unknown): readonly Fact[] {
  const items: readonly unknown[] = Array.isArray(body) ? body : [body];
  return items.flatMap((item) => factSchema.safeParse(item).data ?? []);
}
