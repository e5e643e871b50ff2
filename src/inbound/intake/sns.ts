// Amazon SNS over HTTPS: reads a message, says what was signed, and verifies it. The certificate is an
// argument; certificate.ts fetches it. Source: "Verifying the signatures of Amazon SNS messages".
import { X509Certificate } from "node:crypto";
import * as z from "zod";
import { fromBase64, utf8 } from "../../lib/bytes.ts";
import { jsonOf } from "./vendor-event.ts";

const schema = z.object({
  Type: z.enum(["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]),
  MessageId: z.string(),
  TopicArn: z.string(),
  Message: z.string(),
  Subject: z.string().nullish(),
  Timestamp: z.string(),
  Token: z.string().optional(),
  SubscribeURL: z.string().optional(),
  SignatureVersion: z.enum(["1", "2"]),
  Signature: z.string(),
  SigningCertURL: z.string(),
});

/** A message as SNS posts it. */
export type SnsMessage = z.output<typeof schema>;

/** Reads a body; null when it is no SNS message. */
export function parseSns(body: Uint8Array): SnsMessage | null {
  return schema.safeParse(jsonOf(body)).data ?? null;
}

/** The fields that are signed, in the order of the documentation: name and value on lines of their own. */
const SIGNED = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
  ],
} as const;

/** The text whose signature a message carries. */
export function signedText(message: SnsMessage): string {
  const names =
    message.Type === "Notification" ? SIGNED.Notification : SIGNED.SubscriptionConfirmation;
  return names
    .flatMap((name) => {
      const value = message[name];
      return value === undefined || value === null ? [] : [`${name}\n${value}\n`];
    })
    .join("");
}

/** `us-east-1`, `ap-southeast-3`, `us-gov-west-1`. */
const REGION_HOST = String.raw`sns\.[a-z]{2}(?:-[a-z]{1,16}){1,3}-\d{1,2}\.amazonaws\.com`;
const CERTIFICATE_URL = new RegExp(
  String.raw`^https://${REGION_HOST}/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem$`,
);
const SUBSCRIBE_URL = new RegExp(String.raw`^https://${REGION_HOST}/\?[\x21-\x7e]{1,2000}$`);

/** Whether a certificate may be fetched from this URL: only from SNS itself, by its own file names. */
export function isCertificateUrl(url: string): boolean {
  return CERTIFICATE_URL.test(url);
}

/** Whether this URL confirms a subscription to the topic, at SNS itself and nothing else. */
export function isSubscribeUrl(text: string, topicArn: string): boolean {
  if (!SUBSCRIBE_URL.test(text) || text.includes("\\")) return false;
  const { searchParams } = new URL(text);
  const arns = searchParams.getAll("TopicArn");
  const actions = searchParams.getAll("Action");
  return (
    arns.length === 1 &&
    arns[0] === topicArn &&
    actions.length === 1 &&
    actions[0] === "ConfirmSubscription"
  );
}

/** Version 1 signs a SHA-1, version 2 a SHA-256, both RSASSA-PKCS1-v1_5. */
const HASHES = { "1": "SHA-1", "2": "SHA-256" } as const;

/**
 * Whether the key of this certificate (PEM), valid now, made the signature. That the certificate is
 * Amazon's is known from where it came.
 */
export async function verifySns(
  message: SnsMessage,
  certificate: string,
  now: number,
): Promise<boolean> {
  const signature = fromBase64(message.Signature);
  if (!signature) return false;
  try {
    const parsed = new X509Certificate(certificate);
    if (now < Date.parse(parsed.validFrom) || now > Date.parse(parsed.validTo)) return false;
    const spki = parsed.publicKey.export({ type: "spki", format: "der" });
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: HASHES[message.SignatureVersion] };
    const key = await crypto.subtle.importKey("spki", new Uint8Array(spki), algorithm, false, [
      "verify",
    ]);
    return await crypto.subtle.verify(algorithm.name, key, signature, utf8(signedText(message)));
  } catch {
    // Not a certificate, or not one of an RSA key.
    return false;
  }
}
