// Calls of the batch API in tests, and what they answer.
import * as z from "zod";
import type { QueueWorld } from "./queue-world.ts";
import { ask, email } from "./world.ts";

const entry = z.object({
  index: z.number(),
  status: z.enum(["accepted", "refused", "skipped"]),
  message_id: z.string().optional(),
  error: z
    .object({ code: z.string(), message: z.string(), field: z.string().optional() })
    .optional(),
});
const answerSchema = z.object({ data: z.array(entry) });

/** A message of a call, to these recipients. */
export function item(to: readonly string[], change: Record<string, unknown> = {}) {
  const { onAmbiguous, metadata, sendAt, ...rest } = change;
  return { ...email(rest, to), onAmbiguous, metadata, sendAt };
}

/** Sends a call. */
export function callBatch(
  world: Pick<QueueWorld, "app" | "key">,
  messages: readonly unknown[],
  about: { readonly validation?: string; readonly idempotencyKey?: string } = {},
): Promise<Response> {
  const { validation, idempotencyKey } = about;
  const headers: Record<string, string> =
    idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey };
  const body = validation === undefined ? { messages } : { messages, validation };
  return ask(world.app, "POST", "/v1/send-email/batch", { key: world.key, body, headers });
}

/** What a call answered, whatever its status. */
export async function entriesOf(answer: Response) {
  return answerSchema.parse(await answer.json()).data;
}

/** The ids of a call all of whose messages are accepted. */
export async function acceptBatch(
  world: Pick<QueueWorld, "app" | "key">,
  messages: readonly unknown[],
): Promise<readonly string[]> {
  const answer = await callBatch(world, messages);
  if (answer.status !== 200) throw new Error(`refused: ${await answer.text()}`);
  return (await entriesOf(answer)).map(({ message_id: id = "" }) => id);
}

/** Rows of a table, in the order of their texts. */
export function inOrder<Row>(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
