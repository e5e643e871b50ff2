// Takes Edgepost's webhooks and verifies their signatures. Node 18 or later, nothing to install:
// WEBHOOK_SECRET=whsec_… PORT=3000 node verify.mjs
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";

const TOLERANCE_SECONDS = 300;

/** `body` is the exact body, as bytes or text, before anything parsed it. */
function verify(secret, headers, body) {
  const { "webhook-id": id, "webhook-timestamp": timestamp } = headers;
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!(age <= TOLERANCE_SECONDS)) return false;
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body);
  const expected = Buffer.from(`v1,${hmac.digest("base64")}`);
  // While a secret rotates there are two signatures; one that fits is enough.
  return (headers["webhook-signature"] ?? "").split(" ").some((signature) => {
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function take(headers, body) {
  if (!verify(process.env.WEBHOOK_SECRET, headers, body)) return 400;
  // It may come twice: remember the webhook-id of what was done already.
  console.log(headers["webhook-id"], JSON.parse(body).event);
  return 204;
}

createServer((request, response) => {
  buffer(request).then(
    (body) => response.writeHead(take(request.headers, body)).end(),
    () => response.destroy(),
  );
}).listen(process.env.PORT ?? 3000);
