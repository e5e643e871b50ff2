// Who asks the Mailing Lists API: HTTP Basic, the number of this deployment and an API key (contract 1.5).
import type { App } from "../../app.ts";
import { fromBase64, fromUtf8, utf8 } from "../../lib/bytes.ts";
import { sameBytes } from "../../lib/digest.ts";
import { fail, type Result } from "../../lib/result.ts";
import { orgIdOf } from "../../model/account-id.ts";
import type { Key } from "../../model/key.ts";
import type { Problem } from "../../model/problem.ts";
import { keyOf, unauthorized } from "../authenticate.ts";
import type { Credentials } from "../endpoint.ts";

/** The key of `Authorization: Basic base64(org_id:api_key)`, if both are this deployment's. */
export async function authenticateBasic(
  app: App,
  { headers }: Credentials,
): Promise<Result<Key, Problem>> {
  const [, encoded = ""] = /^Basic +(\S+)$/i.exec(headers.get("Authorization") ?? "") ?? [];
  const bytes = fromBase64(encoded);
  const login = encoded === "" || bytes === null ? "" : fromUtf8(bytes);
  const colon = login.indexOf(":");
  if (colon < 0) {
    return fail(unauthorized("send HTTP Basic authentication with your org_id and your API key"));
  }
  const key = await keyOf(app, login.slice(colon + 1), "mailing_lists");
  const orgId = await orgIdOf(app.config.encryptionKey);
  if (!sameBytes(utf8(login.slice(0, colon)), utf8(orgId))) {
    return fail(unauthorized("please specify a valid org_id and API key"));
  }
  return key;
}
