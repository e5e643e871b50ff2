// The webhook endpoint of the local account: it posts to the mailbox. Made through the API, like any
// customer's; its secret is shown once and kept in the account.
import * as z from "zod";
import { type Account, saveAccount } from "./account.ts";
import { type Api, call } from "./api.ts";

const createdSchema = z.object({ data: z.object({ id: z.string(), secret: z.string() }) });
const listSchema = z.object({ data: z.array(z.object({ id: z.string(), url: z.string() })) });

/** Makes sure that the endpoint exists and points to `url`; returns the account with it. */
export async function ensureWebhook(
  api: Api,
  account: Account,
  stateDir: string,
  url: string,
): Promise<Account> {
  const endpoints = listSchema.parse((await call(api, "GET", "/v1/webhooks?limit=100")).json).data;
  const kept = endpoints.find((endpoint) => endpoint.id === account.webhook?.id);
  if (kept && account.webhook) {
    if (kept.url === url) return account;
    await call(api, "PATCH", `/v1/webhooks/${kept.id}`, { url });
    return keep(stateDir, account, { ...account.webhook, url });
  }
  // One whose secret was lost, because we ended between its creation and keeping it.
  for (const lost of endpoints.filter((endpoint) => endpoint.url === url)) {
    await call(api, "DELETE", `/v1/webhooks/${lost.id}`);
  }
  const { data } = createdSchema.parse((await call(api, "POST", "/v1/webhooks", { url })).json);
  return keep(stateDir, account, { id: data.id, secret: data.secret, url });
}

async function keep(
  stateDir: string,
  account: Account,
  webhook: Account["webhook"],
): Promise<Account> {
  const next = { ...account, webhook };
  await saveAccount(stateDir, next);
  return next;
}
