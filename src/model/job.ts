// Every kind of queue message. A message is only a wake-up: the work itself is in D1.
import * as z from "zod";
import { MAIL_CLASSES } from "./message.ts";

/** Work that is done in the background, in slices; each kind finds its own in D1. */
export const BACKGROUND_WORK = ["erasures", "exports", "contacts", "imports"] as const;
export type BackgroundWork = (typeof BACKGROUND_WORK)[number];

export const jobSchema = z.discriminatedUnion("kind", [
  /** The lane has deliveries that are due. */
  z.object({ kind: z.literal("lane"), lane: z.enum(MAIL_CLASSES) }),
  /** The event log grew: every endpoint has something to read. */
  z.object({ kind: z.literal("events") }),
  /** One endpoint has work of its own: a replay, or a retry that is due. */
  z.object({ kind: z.literal("endpoint"), webhookId: z.string() }),
  /** There is background work of this kind. */
  z.object({ kind: z.literal("background"), work: z.enum(BACKGROUND_WORK) }),
]);

/** A wake-up. */
export type Job = z.infer<typeof jobSchema>;
