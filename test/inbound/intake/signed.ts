// Requests as vendors post them, signed with keys made here. The signing is written anew, from the same
// documents as the verifying.
import { inject } from "vitest";
import { hex, toBase64, utf8 } from "../../../src/lib/bytes.ts";
import { hmacSha256 } from "../../../src/lib/digest.ts";
import { bytesOf } from "../../peers/client.ts";

/** A request as it is posted. */
export type Posted = { readonly headers: Record<string, string>; readonly body: string };

export const TOPIC = "arn:aws:sns:eu-west-1:123456789012:edgepost-events";
export const CERTIFICATE_URL =
  "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

/** Fields of an SNS message; what is undefined is left out. */
export type Sns = Readonly<Record<string, string | undefined>>;

/** An SNS notification around a message, with fields changed before it is signed. */
export function notification(message: unknown, change: Sns = {}): Sns {
  return {
    Type: "Notification",
    MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    TopicArn: TOPIC,
    Message: typeof message === "string" ? message : JSON.stringify(message),
    Timestamp: "2026-11-21T10:00:31.000Z",
    SignatureVersion: "1",
    SigningCertURL: CERTIFICATE_URL,
    UnsubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${TOPIC}:1`,
    ...change,
  };
}

/** An SNS message that asks to confirm a subscription. */
export function confirmation(change: Sns = {}): Sns {
  const token = "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92768dd60a";
  return notification("You have chosen to subscribe to the topic.", {
    Type: "SubscriptionConfirmation",
    Token: token,
    SubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=${token}`,
    ...change,
  });
}

/** Signs an SNS message with the key of the test's certificate. */
export async function signedSns(message: Sns): Promise<Posted> {
  const names =
    message["Type"] === "Notification"
      ? "Message MessageId Subject Timestamp TopicArn Type"
      : "Message MessageId SubscribeURL Timestamp Token TopicArn Type";
  let text = "";
  for (const name of names.split(" ")) {
    if (message[name] !== undefined) text += `${name}\n${message[name]}\n`;
  }
  const hash = message["SignatureVersion"] === "2" ? "SHA-256" : "SHA-1";
  const pkcs8 = bytesOf(inject("snsSigner").key.replaceAll(/-----[^-]+-----|\s/g, ""));
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
  const key = await crypto.subtle.importKey("pkcs8", new Uint8Array(pkcs8), algorithm, false, [
    "sign",
  ]);
  const signature = new Uint8Array(await crypto.subtle.sign(algorithm.name, key, utf8(text)));
  return {
    headers: {
      "Content-Type": "text/plain; charset=UTF-8",
      "x-amz-sns-message-type": message["Type"] ?? "",
    },
    body: JSON.stringify({ ...message, Signature: toBase64(signature) }),
  };
}

/** A key pair as SendGrid makes one; `publicKey` as its settings show it. */
export type SendGridKeys = { readonly privateKey: CryptoKey; readonly publicKey: string };

export async function sendGridKeys(): Promise<SendGridKeys> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("no key pair was made");
  const spki = await crypto.subtle.exportKey("spki", pair.publicKey);
  if (!(spki instanceof ArrayBuffer)) throw new Error("no SPKI was made");
  return { privateKey: pair.privateKey, publicKey: toBase64(new Uint8Array(spki)) };
}

/** Signs events as SendGrid does. */
export async function signedSendGrid(
  { privateKey }: SendGridKeys,
  events: unknown,
  timestamp = "1795255231",
): Promise<Posted> {
  // SendGrid's bodies end with a line break, which is signed too.
  const body = `${JSON.stringify(events)}\r\n`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const raw = await crypto.subtle.sign(algorithm, privateKey, utf8(timestamp + body));
  return {
    headers: {
      "Content-Type": "application/json",
      "X-Twilio-Email-Event-Webhook-Signature": toBase64(derOf(new Uint8Array(raw))),
      "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    },
    body,
  };
}

/** The DER form of a raw P-256 signature. */
export function derOf(raw: Uint8Array): Uint8Array {
  const content = [raw.subarray(0, 32), raw.subarray(32)].flatMap((half) => {
    const digits = [...half];
    while (digits.length > 1 && digits[0] === 0) digits.shift();
    if ((digits[0] ?? 0) > 0x7f) digits.unshift(0);
    return [0x02, digits.length, ...digits];
  });
  return Uint8Array.from([0x30, content.length, ...content]);
}

/** Signs an event as Mailgun does. */
export async function signedMailgun(
  secret: string,
  event: unknown,
  seconds: number,
): Promise<Posted> {
  const timestamp = String(seconds);
  const token = "e0b5477167110d68991efc6b9f89f0a11066af27834600e123";
  const signature = hex(await hmacSha256(utf8(secret), utf8(timestamp + token)));
  const body = JSON.stringify({ signature: { timestamp, token, signature }, "event-data": event });
  return { headers: { "Content-Type": "application/json" }, body };
}

/** Posts events as the vendors do that know a Basic password only. */
export function withPassword(password: string, events: unknown): Posted {
  return {
    headers: {
      "Content-Type": "application/json",
      Authorization: `Basic ${btoa(`edgepost:${password}`)}`,
    },
    body: JSON.stringify(events),
  };
}
