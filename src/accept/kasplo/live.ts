// /v1/activity/live: events as they happen (F-182, decision D-21), over a WebSocket or as server-sent events.
import * as z from "zod";
import { fail, ok } from "../../lib/result.ts";
import { MAX_WATCHERS } from "../../model/live-feed.ts";
import { invalidField } from "../../model/problem.ts";
import { endpoint } from "../endpoint.ts";
import { filterOf, filterParameters } from "./event-filter.ts";
import { cursorParameter } from "./events.ts";

const STREAM_TYPE = "text/event-stream";

const query = z.object({ ...filterParameters.shape, cursor: cursorParameter.optional() });

/** Comes back when somebody left: a minute is longer than a reload of the page takes. */
const RETRY_AFTER_SECONDS = 60;

const watch = endpoint({
  method: "GET",
  path: "/activity/live",
  summary: "Watch events as they happen",
  description:
    'With `Upgrade: websocket` the connection becomes a WebSocket, with `Accept: text/event-stream` the answer is a stream of server-sent events. Each message is `{reset, cursor, data}`: events as `/v1/events` shows them, oldest first. The first one has the latest 200; `reset` asks to forget what was told before. Connect again with the last `cursor` and nothing is missed or told twice. A WebSocket\'s message with `"ask": true` is to be answered with any short text.',
  scope: "read",
  request: {
    query,
    headers: { "Last-Event-ID": "The last cursor, as browsers send it; goes before `cursor`." },
  },
  response: { 101: null, 200: { type: STREAM_TYPE } },
  async handle(app, { query, key, session, headers }) {
    const upgrade = headers.get("Upgrade")?.toLowerCase() === "websocket";
    if (!upgrade && !(headers.get("Accept") ?? "").includes(STREAM_TYPE)) {
      return fail(invalidField("Accept", `must be ${STREAM_TYPE}, or ask for Upgrade: websocket`));
    }
    const last = cursorParameter.optional().safeParse(headers.get("Last-Event-ID") ?? undefined);
    if (!last.success) return fail(invalidField("Last-Event-ID", "must be the last cursor"));
    const cursor = last.data ?? query.cursor ?? null;
    const ask = { filter: filterOf(query, key), cursor, keyId: session?.id ?? key.id };
    const { webSocket, body, ok: taken } = await app.watch(ask, { upgrade });
    if (webSocket) return ok({ status: 101, socket: webSocket });
    if (taken) return ok({ status: 200, bytes: body, headers: { "Content-Type": STREAM_TYPE } });
    const reason = `${MAX_WATCHERS} connections watch already; close one`;
    return fail({ kind: "unavailable", reason, retryAfterSeconds: RETRY_AFTER_SECONDS });
  },
});

/** The operations of /v1/activity. */
export const liveEndpoints = [watch];
