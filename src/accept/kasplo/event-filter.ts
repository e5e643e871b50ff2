// The filters of /v1/events and /v1/activity/live: which events somebody wants to see.
import * as z from "zod";
import { parseDomain } from "../../model/address.ts";
import { ATTEMPT_STATUSES, EVENT_NAMES, type EventName } from "../../model/event.ts";
import { type EventFilter, TOLD_STATES } from "../../model/event-filter.ts";
import { MAIL_CLASSES } from "../../model/message.ts";
import type { Key } from "../../model/key.ts";
import { shownAs } from "../json-schema.ts";

/** RFC 5321 §4.5.3.1: 64 octets, @, 255 octets. */
const MAX_ADDRESS_LENGTH = 320;
/** As long as X-Kasplo-Click-Tracking-ID may be. */
const MAX_TAG_LENGTH = 300;
/** An id has 36, that of a batch's item some more. */
const MAX_ID_LENGTH = 64;

const NAMES_REASON = `must be one or more of ${EVENT_NAMES.join(", ")}, separated by commas`;

const names = shownAs(
  z.string().transform((text, context): readonly EventName[] => {
    const parsed = z.array(z.enum(EVENT_NAMES)).safeParse(text.split(","));
    if (parsed.success) return parsed.data;
    context.addIssue(NAMES_REASON);
    return z.NEVER;
  }),
  z.string().meta({ examples: ["open,click"] }),
);

const domain = shownAs(
  z.string().transform((text, context): string => {
    const parsed = parseDomain(text);
    if (parsed.ok) return parsed.value;
    context.addIssue("must be a domain name such as example.com");
    return z.NEVER;
  }),
  z.string().meta({ examples: ["example.com"] }),
);

const atMost = (length: number) => z.string().max(length, `must have at most ${length} characters`);

const oneOf = <T extends string>(values: readonly T[]) =>
  z.enum(values, `must be one of ${values.join(", ")}`);

const state = z.enum(
  TOLD_STATES,
  `must be one of ${TOLD_STATES.join(", ")}; no event tells of another state`,
);

/** The parameters, all optional; an event has to fit all of them. */
export const filterParameters = z.object({
  event: names.optional(),
  status: oneOf(ATTEMPT_STATUSES).optional(),
  state: state.optional(),
  recipient: atMost(MAX_ADDRESS_LENGTH).optional(),
  domain: domain.optional(),
  tag: atMost(MAX_TAG_LENGTH).optional(),
  mail_class: oneOf(MAIL_CLASSES).optional(),
  message_id: atMost(MAX_ID_LENGTH).optional(),
});

/** What somebody asked for with them; who is bound to one mail class sees that one only (F-024). */
export function filterOf(
  query: z.output<typeof filterParameters>,
  { mailClass }: Pick<Key, "mailClass">,
): EventFilter {
  return {
    names: query.event ?? null,
    status: query.status ?? null,
    state: query.state ?? null,
    recipient: query.recipient ?? null,
    domain: query.domain ?? null,
    tag: query.tag ?? null,
    mailClass: mailClass ?? query.mail_class ?? null,
    messageId: query.message_id ?? null,
  };
}
