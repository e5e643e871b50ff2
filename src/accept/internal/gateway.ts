// The SMTP gateway says who it is with a secret of its own (GATEWAY_SECRETS); no API key opens its door.
import type { App } from "../../app.ts";
import { fromBase64, utf8 } from "../../lib/bytes.ts";
import { sameBytes, sha256Hex } from "../../lib/digest.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { type Key, standInKey } from "../../model/key.ts";
import type { Problem } from "../../model/problem.ts";
import type { Credentials } from "../endpoint.ts";

/** The gateway of an `Authorization: Bearer` header, as the key that its requests are made with. */
export async function authenticateGateway(
  app: App,
  { headers }: Credentials,
): Promise<Result<Key, Problem>> {
  const token = /^Bearer +(\S+)$/i.exec(headers.get("Authorization") ?? "")?.[1] ?? "";
  const digest = utf8(await sha256Hex(fromBase64(token) ?? new Uint8Array()));
  let id: string | null = null;
  // All of them are compared, so that the time does not tell which one it was.
  for (const known of app.config.gatewaySecrets) {
    if (sameBytes(digest, utf8(await sha256Hex(known.secret)))) id = known.id;
  }
  return id === null
    ? fail({ kind: "unauthorized", reason: "this is not the secret of a gateway of this Worker" })
    : ok(gatewayKey(id));
}

function gatewayKey(id: string): Key {
  return standInKey({ id: `gateway ${id}`, name: "SMTP gateway", scopes: ["send"] });
}
