// E-01 bodies for tests, and the way from a body to a command or a problem, as the endpoint goes it.
import { pathText } from "../../../src/accept/endpoint.ts";
import { mapSend } from "../../../src/accept/kasplo/map.ts";
import { sendBodySchema } from "../../../src/accept/kasplo/schema.ts";
import type { Problem } from "../../../src/model/problem.ts";

/** The nested example of the seed document, without its AMP placeholder. */
export const SEED = {
  email: {
    from: "sender@yourdomain.com",
    fromName: "sender name",
    replyTo: ["abcd@yourdomain.com"],
    subject: "Custom subject line",
    text: "This is a Multipart email",
    html: "<h1>Test Email</h1>",
    recipients: { to: [{ email: "recipient@example.com" }], cc: [], bcc: [] },
    attachments: [],
  },
  metadata: { messageId: "custom-id-value" },
};

/** The flat example of the seed document. */
export const FLAT = {
  from: "Jo Doe <sender@yourdomain.com>",
  to: "user@example.com",
  subject: "Welcome to AMP!",
  html: "Hello (HTML version)",
  text: "Hello (Plain text version)",
};

/** The seed's body with some message fields replaced. */
export function nested(email: object, rest: object = {}) {
  return { ...SEED, email: { ...SEED.email, ...email }, ...rest };
}

/** Through schema and map, as the endpoint does it. */
export function send(
  body: unknown,
  defaultSender: { address: string; name: string } | null = null,
) {
  const parsed = sendBodySchema.safeParse(body);
  if (parsed.success) return mapSend(parsed.data, defaultSender);
  const issue = parsed.error.issues[0];
  const path = pathText(issue?.path ?? []);
  return {
    ok: false as const,
    error: { kind: "invalid_field" as const, path, reason: issue?.message ?? "" },
  };
}

/** The command of a body that must be accepted. */
export function command(body: unknown) {
  const result = send(body);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.command;
}

/** The problem of a body that must be refused. */
export function problem(body: unknown): Problem {
  const result = send(body);
  if (result.ok) throw new Error("was accepted");
  return result.error;
}

/** The JSON path that a refusal names. */
export function refusedAt(body: unknown): string {
  const refusal = problem(body);
  return "path" in refusal ? refusal.path : refusal.kind;
}
