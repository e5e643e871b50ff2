// /v1/inbound: mail that came to return paths, and events of relays, that changed nothing, counted by why.
import * as z from "zod";
import { ok } from "../../lib/result.ts";
import { readInboundCounts } from "../../store/inbound.ts";
import { endpoint } from "../endpoint.ts";
import { iso, maybeTime, page, pageOf } from "./native.ts";

const countView = z.object({ outcome: z.string(), count: z.int(), last_at: maybeTime });

const list = endpoint({
  method: "GET",
  path: "/inbound",
  summary: "Count the mails and events that came back and changed nothing, by why",
  scope: "read",
  request: {},
  response: { 200: pageOf(countView) },
  async handle(app) {
    const counts = await readInboundCounts(app.db);
    return ok(
      page(
        counts.map(({ outcome, count, lastAt }) => ({ outcome, count, last_at: iso(lastAt) })),
        null,
      ),
    );
  },
});

/** The operations of /v1/inbound. */
export const inboundEndpoints = [list];
