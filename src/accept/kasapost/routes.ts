// The KasaPost API (E-02): one operation, with keys that are bound to one domain each.
import * as z from "zod";
import type { App } from "../../app.ts";
import { ok, type Result } from "../../lib/result.ts";
import type { Problem } from "../../model/problem.ts";
import { findMessage } from "../../store/message.ts";
import { stoppedOf } from "../../store/message-stopped.ts";
import { authenticate } from "../authenticate.ts";
import { defaultSenderOf } from "../default-sender.ts";
import { type Answer, type Dialect, endpoint } from "../endpoint.ts";
import { sentHeaders } from "../kasplo/sent.ts";
import { send } from "../send.ts";
import { mapKasapost, namesSender, receiptOf } from "./map.ts";
import { kasapostProblem } from "./problem.ts";
import { sendBodySchema } from "./schema.ts";

const receipt = z.object({
  message_id: z.string(),
  sender: z.string(),
  recipient: z.array(z.string()),
  subject: z.string(),
  status: z.enum(["accepted", "suppressed"]),
  event: z.enum(["accepted", "suppressed"]),
  log: z.object({
    id: z.string(),
    created_at: z.string(),
    domain: z.string(),
    suppressed: z.array(z.string()),
  }),
});

const sendEmail = endpoint({
  method: "POST",
  path: "/send/",
  summary: "Accept one email for delivery (E-02)",
  description:
    "Without a sender the default one of the key's domain is used. A send all of whose recipients are suppressed is accepted with the status `suppressed`, and sends nothing.",
  scope: "send",
  sends: true,
  request: { body: sendBodySchema },
  response: { 202: receipt },
  async handle(app, { body, key, idempotencyKey, bodyHash }) {
    const fallback = namesSender(body) ? null : await defaultSenderOf(app, key.domain ?? "");
    const mapped = mapKasapost(body, fallback);
    if (!mapped.ok) return mapped;
    const { command, paths } = mapped.value;
    const asked = { key, command, paths, idempotencyKey, bodyHash, tellStopped: true };
    const sent = await send(app, asked);
    if (!sent.ok) return sent;
    const { messageId, replayed, createdAt, stopped } = sent.value;
    const headers = { "X-Message-Id": messageId, ...sentHeaders(sent.value) };
    if (replayed) return answerAgain(app, messageId, headers);
    const { content, recipients } = command;
    const { from, subject } = content;
    const json = receiptOf({ id: messageId, createdAt, from, subject, recipients, stopped });
    return ok({ status: 202, json, headers });
  },
});

/** The first answer again, from what was kept of it. */
async function answerAgain(
  app: App,
  messageId: string,
  headers: Readonly<Record<string, string>>,
): Promise<Result<Answer, Problem>> {
  const found = await findMessage(app.db, messageId);
  if (!found) throw new Error("a message that owns an idempotency key is gone");
  const { message } = found;
  const { id, createdAt, from, subject, recipients } = message;
  const stopped = await stoppedOf(app.db, message);
  const json = receiptOf({ id, createdAt, from, subject, recipients, stopped });
  return ok({ status: 202, json, headers });
}

/** Everything under /api/v2/kasapost. */
export const kasapost: Dialect = {
  name: "kasapost",
  base: "/api/v2/kasapost",
  security: {
    type: "http",
    scheme: "bearer",
    description: "A key of the family kasapost, such as `kp_live_…`; it sends for one domain.",
  },
  authenticate: (app, shown) => authenticate(app, shown, "kasapost"),
  problem: kasapostProblem,
  endpoints: [sendEmail],
};
