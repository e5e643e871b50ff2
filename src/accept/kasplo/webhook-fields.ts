// What the operations of /v1/webhooks take and refuse alike.
import * as z from "zod";
import { EVENT_NAMES } from "../../model/event.ts";
import type { Problem } from "../../model/problem.ts";
import { KASAPOST_EVENTS, WEBHOOK_FORMATS } from "../../model/webhook.ts";

export const byId = z.object({ id: z.string() });

const ALL_EVENTS = [...EVENT_NAMES, ...KASAPOST_EVENTS] as const;

/** The name of an event, in the words of any format. */
export const eventName = z.enum(ALL_EVENTS, { error: `must be one of ${ALL_EVENTS.join(", ")}` });

export const formatName = z.enum(WEBHOOK_FORMATS, {
  error: `must be ${WEBHOOK_FORMATS.join(" or ")}`,
});

export const NO_WEBHOOK: Problem = { kind: "not_found", what: "this webhook" };
