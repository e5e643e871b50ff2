// The few calls that `npm start` makes to the product it started, through its front door.
import * as z from "zod";

/** Where the API is and the key that opens it. */
export type Api = { readonly baseUrl: string; readonly key: string };

/** Much longer than any answer takes on a slow machine. */
const CALL_DEADLINE_MS = 20_000;

/** Calls the API; throws with its answer unless that is 2xx. */
export async function call(
  api: Api,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly headers: Headers; readonly json: unknown }> {
  const response = await fetch(`${api.baseUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${api.key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(CALL_DEADLINE_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return { headers: response.headers, json: text === "" ? null : JSON.parse(text) };
}

const attemptSchema = z.object({
  at: z.iso.datetime(),
  result: z.string(),
  relay: z.string().nullable(),
  reply: z.string().nullable(),
});

const messageSchema = z.object({
  data: z.object({
    deliveries: z.array(
      z.object({ email: z.string(), state: z.string(), attempts: z.array(attemptSchema) }),
    ),
  }),
});

/** What the first send needs to know of its one delivery. */
export type Delivery = z.infer<typeof messageSchema>["data"]["deliveries"][number];

/** The first delivery of a message (decision: `GET /v1/messages/:id`). */
export async function readDelivery(api: Api, messageId: string): Promise<Delivery | null> {
  const { json } = await call(api, "GET", `/v1/messages/${messageId}`);
  return messageSchema.parse(json).data.deliveries[0] ?? null;
}
