// Every change of settings leaves its trace: written before the change is made, so that none is made
// without one; a change that was refused gets a second entry.
import type { App } from "../app.ts";
import { sha256Hex } from "../lib/digest.ts";
import type { Result } from "../lib/result.ts";
import { type AuditEntry, targetOf } from "../model/audit.ts";
import type { Problem } from "../model/problem.ts";
import { appendAudit } from "../store/audit.ts";
import type { Answer, Endpoint, Received } from "./endpoint.ts";

/** Runs an operation with its trace. Sends and reads leave none: they have the ledger, and change nothing. */
export async function runAudited(
  app: App,
  endpoint: Endpoint,
  received: Received,
  ip: string,
): Promise<Result<Answer, Problem>> {
  if (!leavesTrace(endpoint)) return endpoint.run(app, received);
  const { json } = received.body ?? {};
  const entry: AuditEntry = {
    at: app.now(),
    kind: "asked",
    keyId: received.key.id,
    ip,
    operation: `${endpoint.method} ${endpoint.path}`,
    target: await targetOf(received.params),
    bodyHash:
      json === undefined || endpoint.holdsPasswords ? "" : await sha256Hex(JSON.stringify(json)),
    requestId: received.requestId,
    detail: await endpoint.detailOf(json),
  };
  await appendAudit(app.db, entry);
  const result = await endpoint.run(app, received);
  if (!result.ok) {
    const detail = result.error.kind;
    await appendAudit(app.db, { ...entry, at: app.now(), kind: "refused", detail });
  }
  return result;
}

/** Changes of settings. Strangers write nothing here: what is open to all the world is no change of them. */
function leavesTrace({ scope, method, access }: Endpoint): boolean {
  return scope === "manage" && method !== "GET" && access !== "open";
}
