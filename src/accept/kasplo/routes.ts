// The Kasplo dialect: E-01 and the native /v1 resources, all under one family of keys.
import * as z from "zod";
import { ok } from "../../lib/result.ts";
import { authenticate } from "../authenticate.ts";
import { defaultSender } from "../default-sender.ts";
import { type Dialect, endpoint } from "../endpoint.ts";
import { dryRun, send } from "../send.ts";
import { accountEndpoints } from "./account.ts";
import { ampApprovalEndpoints } from "./amp-approvals.ts";
import { domainReportEndpoints } from "./domain-report.ts";
import { domainEndpoints } from "./domains.ts";
import { contactEndpoints } from "./contacts.ts";
import { customFieldEndpoints } from "./custom-fields.ts";
import { creditEndpoints } from "./credits.ts";
import { inboundEndpoints } from "./inbound.ts";
import { auditEndpoints } from "./audit.ts";
import { deliveryEndpoints } from "./deliveries.ts";
import { dryRunAnswer, dryRunView } from "./dry-run.ts";
import { eventEndpoints } from "./events.ts";
import { healthEndpoints } from "./health.ts";
import { intakeEndpoints } from "./intakes.ts";
import { invitationEndpoints } from "./invitations.ts";
import { passwordResetEndpoints } from "./password-reset.ts";
import { importEndpoints } from "./imports.ts";
import { exportEndpoints } from "./exports.ts";
import { liveEndpoints } from "./live.ts";
import { limitEndpoints } from "./limits.ts";
import { keyEndpoints } from "./keys.ts";
import { listEndpoints } from "./lists.ts";
import { mapSend } from "./map.ts";
import { messageWebhookEndpoints } from "./message-webhooks.ts";
import { messageEndpoints } from "./messages.ts";
import { poolEndpoints } from "./pools.ts";
import { kasploProblem } from "./problem.ts";
import { recipientEndpoints } from "./recipients.ts";
import { relayEndpoints } from "./relays.ts";
import { sendBodySchema } from "./schema.ts";
import { sendBatchEndpoints } from "./send-batch.ts";
import { sendRaw } from "./send-raw.ts";
import { SENT_HEADERS, sentHeaders } from "./sent.ts";
import { secondFactorEndpoints } from "./second-factor.ts";
import { sessionEndpoints } from "./sessions.ts";
import { smtpCredentialEndpoints } from "./smtp-credentials.ts";
import { statsEndpoints } from "./stats.ts";
import { suppressionExportEndpoints } from "./suppression-export.ts";
import { suppressionUploadEndpoints } from "./suppression-upload.ts";
import { suppressionEndpoints } from "./suppressions.ts";
import { tagEndpoints } from "./tags.ts";
import { usageEndpoints } from "./usage.ts";
import { userEndpoints } from "./users.ts";
import { throttleEndpoints } from "./throttles.ts";
import { webhookEndpoints } from "./webhooks.ts";

/** The answer to every accepted send, byte for byte (contract 1.2). */
const SUCCESS = { statusCode: 1000, status: "SUCCESS", message: "NA" };

const successView = z.object({
  statusCode: z.literal(1000),
  status: z.literal("SUCCESS"),
  message: z.literal("NA"),
});

const sendQuery = z.object({
  dry_run: z.enum(["true", "false"], "must be true or false").default("false"),
});

const sendEmail = endpoint({
  method: "POST",
  path: "/send-email",
  summary: "Accept one email for delivery (E-01)",
  scope: "send",
  sends: true,
  description:
    "The nested form stands in `email`, the flat one at the top level. With `dry_run=true` nothing is sent: the answer is the exact MIME of the first delivery and the bulk-sender rules that it breaks.",
  request: { query: sendQuery, body: sendBodySchema },
  response: { 200: { schema: z.union([successView, dryRunView]), headers: SENT_HEADERS } },
  async handle(app, { query, body, key, idempotencyKey, bodyHash }) {
    const mapped = mapSend(body, body.from ? null : await defaultSender(app));
    if (!mapped.ok) return mapped;
    const { command, paths } = mapped.value;
    if (query.dry_run === "true") {
      const tried = await dryRun(app, { key, command, paths, idempotencyKey });
      return tried.ok ? ok(dryRunAnswer(tried.value)) : tried;
    }
    const sent = await send(app, { key, command, paths, idempotencyKey, bodyHash });
    if (!sent.ok) return sent;
    const headers = { "X-Message-Id": sent.value.messageId, ...sentHeaders(sent.value) };
    return ok({ status: 200, json: SUCCESS, headers });
  },
});

/** Everything under /v1. */
export const kasplo: Dialect = {
  name: "kasplo",
  base: "/v1",
  security: { type: "http", scheme: "bearer", description: "An API key, such as `ep_live_…`." },
  authenticate: (app, shown) => authenticate(app, shown, "kasplo"),
  people: true,
  problem: kasploProblem,
  endpoints: [
    sendEmail,
    ...sendBatchEndpoints,
    sendRaw,
    ...messageEndpoints,
    ...messageWebhookEndpoints,
    ...eventEndpoints,
    ...liveEndpoints,
    ...exportEndpoints,
    ...webhookEndpoints,
    ...keyEndpoints,
    ...passwordResetEndpoints,
    ...sessionEndpoints,
    ...secondFactorEndpoints,
    ...userEndpoints,
    ...invitationEndpoints,
    ...smtpCredentialEndpoints,
    ...relayEndpoints,
    ...poolEndpoints,
    ...throttleEndpoints,
    ...intakeEndpoints,
    ...domainEndpoints,
    ...domainReportEndpoints,
    ...ampApprovalEndpoints,
    ...accountEndpoints,
    ...usageEndpoints,
    ...creditEndpoints,
    ...limitEndpoints,
    ...auditEndpoints,
    ...healthEndpoints,
    ...deliveryEndpoints,
    ...statsEndpoints,
    ...inboundEndpoints,
    // Before the operations on one entry, whose name could be `export`.
    ...suppressionExportEndpoints,
    ...suppressionUploadEndpoints,
    ...suppressionEndpoints,
    ...recipientEndpoints,
    ...importEndpoints,
    ...listEndpoints,
    ...contactEndpoints,
    ...customFieldEndpoints,
    ...tagEndpoints,
  ],
};
