// /v1/deliveries/hold: after a restore, nothing that may have left already leaves again (promise g).
import * as z from "zod";
import { uuidv7Bound } from "../../lib/id.ts";
import { fail, ok } from "../../lib/result.ts";
import { MAIL_CLASSES } from "../../model/message.ts";
import { invalidField } from "../../model/problem.ts";
import { holdOpen } from "../../store/delivery-hold.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, one, timeParameter } from "./native.ts";

/** Deliveries that one call holds in a lane: a second or two. */
const HELD_A_CALL = 5_000;

const hold = endpoint({
  method: "POST",
  path: "/deliveries/hold",
  summary: "Hold every open delivery of messages accepted before a time, after a restore",
  scope: "manage",
  request: { body: z.object({ accepted_before: timeParameter }) },
  response: { 200: dataOf(z.object({ held: z.int(), more: z.boolean() })) },
  async handle(app, { body: { accepted_before: time } }) {
    const now = app.now();
    if (time > now) return fail(invalidField("accepted_before", "must not be in the future"));
    const before = uuidv7Bound(time);
    let held = 0;
    let more = false;
    for (const lane of MAIL_CLASSES) {
      const count = await holdOpen(app.db, { lane, now, before, limit: HELD_A_CALL });
      held += count;
      more ||= count === HELD_A_CALL;
    }
    return ok(one({ held, more }));
  },
});

/** The operation on open deliveries. */
export const deliveryEndpoints = [hold];
