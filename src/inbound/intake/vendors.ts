// Whose request it is: proves it by the vendor's own rules, and reads its events.
import type { App } from "../../app.ts";
import { open } from "../../lib/seal.ts";
import { intakePurpose, type StoredIntake } from "../../model/intake.ts";
import { verifyBasic } from "./basic.ts";
import { greenArrowEvents } from "./greenarrow.ts";
import { mailgunEvents, verifyMailgun } from "./mailgun.ts";
import { postmarkEvents } from "./postmark.ts";
import type { Reading } from "./reading.ts";
import { sendGridEvents, verifySendGrid } from "./sendgrid.ts";
import { sesEvents } from "./ses.ts";
import { parseSns, type SnsMessage, verifySns } from "./sns.ts";
import { certificateOf, confirm } from "./sns-fetch.ts";
import { sparkPostEvents } from "./sparkpost.ts";
import { jsonOf, type VendorEvent } from "./vendor-event.ts";

/** A request to an intake. */
export type IntakeRequest = { readonly headers: Headers; readonly body: Uint8Array };

/** Proves and reads a request. Throws when the intake's secret cannot be opened. */
export async function readVendor(
  app: App,
  intake: StoredIntake,
  request: IntakeRequest,
): Promise<Reading> {
  const { headers, body } = request;
  switch (intake.vendor) {
    case "ses":
      return readSes(app, intake.proof, body);
    case "sendgrid": {
      const signature = {
        signature: headers.get("X-Twilio-Email-Event-Webhook-Signature") ?? "",
        timestamp: headers.get("X-Twilio-Email-Event-Webhook-Timestamp") ?? "",
      };
      const proved = await verifySendGrid(intake.proof, signature, body);
      return proved ? eventsOr(sendGridEvents(jsonOf(body)), "an array of events") : BAD_SIGNATURE;
    }
    case "mailgun": {
      const json = jsonOf(body);
      const proved = await verifyMailgun(await secretOf(app, intake), json, app.now());
      return proved ? eventsOr(mailgunEvents(json), "an object with event-data") : BAD_SIGNATURE;
    }
    case "postmark":
    case "sparkpost":
    case "greenarrow": {
      const header = headers.get("Authorization");
      if (!(await verifyBasic(await secretOf(app, intake), header))) return BAD_PASSWORD;
      const { events, form } = BASIC[intake.vendor];
      return eventsOr(events(jsonOf(body)), form);
    }
  }
}

const BASIC = {
  postmark: { events: postmarkEvents, form: "an object with RecordType" },
  sparkpost: { events: sparkPostEvents, form: "an array of events" },
  greenarrow: { events: greenArrowEvents, form: "an event or an array of them" },
} as const;

const BAD_SIGNATURE: Reading = { kind: "refused", reason: "the signature is missing or wrong" };
const BAD_PASSWORD: Reading = {
  kind: "refused",
  reason: "the Basic password is missing or wrong",
};

function secretOf(app: App, { relayId, proof }: StoredIntake): Promise<string> {
  return open(app.config.encryptionKey, intakePurpose(relayId), proof);
}

function eventsOr(events: readonly VendorEvent[] | null, form: string): Reading {
  return events
    ? { kind: "events", events }
    : { kind: "malformed", reason: `the body is not ${form}` };
}

/** The topic is asked first: a stranger's message makes us fetch nothing. */
async function readSes(app: App, topicArn: string, body: Uint8Array): Promise<Reading> {
  const message = parseSns(body);
  if (message?.TopicArn !== topicArn) {
    return { kind: "refused", reason: "this is no SNS message of the topic that is set" };
  }
  const certificate = await certificateOf(app, message);
  if (certificate.kind === "refused") {
    return { kind: "refused", reason: "the SigningCertURL is not one of SNS" };
  }
  if (certificate.kind === "unavailable") return certificate;
  if (!(await verifySns(message, certificate.pem, app.now()))) return BAD_SIGNATURE;
  return readSns(app, message, topicArn);
}

/** A message that is Amazon's. */
async function readSns(app: App, message: SnsMessage, topicArn: string): Promise<Reading> {
  switch (message.Type) {
    case "Notification":
      return { kind: "events", events: sesEvents(jsonOf(message.Message)) };
    case "SubscriptionConfirmation":
      return confirm(app, message, topicArn);
    case "UnsubscribeConfirmation":
      app.log("warn", "intake_unsubscribed", { topic: topicArn });
      return { kind: "events", events: [] };
  }
}
