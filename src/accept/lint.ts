// A part of accept/send.ts: the first delivery of a send is composed as it would leave, and judged by the
// bulk-sender rules. The gate of its domain decides what follows; a dry run answers it. Stores nothing.
import type { App } from "../app.ts";
import type { Allowed } from "../check/check.ts";
import { composeOutgoing } from "../compose/outgoing.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import { type Issue, lint } from "../model/compliance.ts";
import type { Problem } from "../model/problem.ts";
import type { Published } from "../model/sender-domain.ts";
import { findRefusal } from "../store/message-rehearsal.ts";
import { findPublished } from "../store/sender-domain.ts";
import { draftMessage } from "./draft.ts";
import type { SendRequest } from "./send.ts";

/** What a send would give. */
export type Rehearsal = {
  /** The bytes of the first delivery, in CRLF lines. */
  readonly mime: readonly Uint8Array[];
  readonly issues: readonly Issue[];
};

type Sending = Pick<SendRequest, "key" | "command">;

/** The rules that a send breaks, or the refusal of a domain that blocks such mail; none with the gate off. */
export async function passGate(
  app: App,
  request: Sending,
  allowed: Allowed,
): Promise<Result<readonly string[], Problem>> {
  const { domain, gate, published } = allowed.sender;
  if (gate === "off" || published === null) return ok([]);
  const { issues } = await judge(app, request, allowed, published);
  const broken = issues.filter(({ level }) => level === "error");
  if (gate === "block" && broken.length > 0) return fail({ kind: "not_compliant", domain, broken });
  return ok(issues.map(({ rule }) => rule));
}

/** What a send that is allowed would give, whatever the gate says of it. */
export async function rehearse(
  app: App,
  request: Sending,
  allowed: Allowed,
): Promise<Result<Rehearsal, Problem>> {
  const { mailClass, sender } = allowed;
  const { recipients } = request.command;
  const refusal = await findRefusal(app.db, { recipients, mailClass });
  if (refusal) return fail(refusal);
  const published = sender.published ?? (await findPublished(app.db, sender.domain));
  return ok(await judge(app, request, allowed, published));
}

async function judge(
  app: App,
  request: Sending,
  { mailClass, tracking }: Allowed,
  published: Published,
): Promise<Rehearsal> {
  const message = draftMessage(app, request, mailClass);
  const content = { ...request.command.content, tracking };
  const { content: mime } = await composeOutgoing(app, message, content, 0);
  return { mime, issues: lint(mime, { mailClass, published }) };
}
