// Payloads as each vendor documents them, written for these tests: every field that is documented stands
// in them, also those that nobody reads.
import { MARK_NAME } from "../../../src/model/intake.ts";

/** The mail that a payload is about. */
export type About = {
  readonly email: string;
  /** Our mark, as the vendor gives it back; none when it lost it. */
  readonly mark?: string | undefined;
  /** The id in the relay's reply. */
  readonly replyId?: string;
  /** The Message-ID header, in angle brackets. */
  readonly messageId?: string;
  readonly returnPath?: string;
};

/** 2026-11-21 10:00:30 UTC, half a minute after the clock of queue tests starts. */
export const SAID_AT = Date.UTC(2026, 10, 21, 10, 0, 30);
export const SAID_SECONDS = SAID_AT / 1000;
const SAID_ISO = new Date(SAID_AT).toISOString();

function metadata(about: About): Record<string, string> {
  return about.mark === undefined ? { other: "x" } : { other: "x", [MARK_NAME]: about.mark };
}

/** An event of Amazon SES; `identity` is the older form, without tags. */
export function sesPayload(
  about: About,
  name: string,
  part: Record<string, unknown>,
  form: "configuration set" | "identity" = "configuration set",
): object {
  const tags = {
    "ses:configuration-set": ["edgepost"],
    "ses:from-domain": ["edgepost.test"],
    ...(about.mark === undefined ? {} : { [MARK_NAME]: [about.mark] }),
  };
  const set = form === "configuration set";
  return {
    [set ? "eventType" : "notificationType"]: name,
    ...part,
    mail: {
      timestamp: SAID_ISO,
      source: about.returnPath ?? "Sender <sender@edgepost.test>",
      sourceArn: "arn:aws:ses:eu-west-1:123456789012:identity/edgepost.test",
      sendingAccountId: "123456789012",
      messageId: about.replyId ?? "0102019a8f3c0000-6b1f4a56-0000-4000-8000-000000000001-000000",
      destination: [about.email],
      headersTruncated: false,
      headers: [{ name: "Subject", value: "Hello" }],
      commonHeaders: {
        from: ["sender@edgepost.test"],
        to: [about.email],
        messageId: about.messageId ?? "<0102019a8f3c0000@eu-west-1.amazonses.com>",
        subject: "Hello",
      },
      ...(set ? { tags } : {}),
    },
  };
}

/** `bounce` of an SES event. */
export function sesBounce(
  email: string,
  type: readonly [bounceType: string, bounceSubType: string],
  dsn: { readonly status?: string; readonly diagnosticCode?: string } = {},
): Record<string, unknown> {
  return {
    bounce: {
      bounceType: type[0],
      bounceSubType: type[1],
      bouncedRecipients: [
        { emailAddress: email, ...(dsn.status ? { action: "failed" } : {}), ...dsn },
      ],
      timestamp: SAID_ISO,
      feedbackId: "0102019a8f3c1111-feedback-000000",
      remoteMtaIp: "192.0.2.25",
      reportingMTA: "dsn; b224-1.smtp-out.eu-west-1.amazonses.com",
    },
  };
}

/** `complaint` of an SES event. */
export function sesComplaint(email: string, type?: string): Record<string, unknown> {
  return {
    complaint: {
      complainedRecipients: [{ emailAddress: email }],
      timestamp: SAID_ISO,
      feedbackId: "0102019a8f3c2222-feedback-000000",
      complaintSubType: null,
      userAgent: "Amazon SES Mailbox Simulator",
      ...(type === undefined ? {} : { complaintFeedbackType: type }),
      arrivalDate: SAID_ISO,
    },
  };
}

/** One event of SendGrid: unique arguments stand beside its own keys. */
export function sendGridEvent(
  about: About,
  event: string,
  own: Record<string, unknown> = {},
): object {
  return {
    email: about.email,
    timestamp: SAID_SECONDS,
    "smtp-id": about.messageId ?? "<aaaa@geopod-ismtpd-1>",
    event,
    category: ["x"],
    sg_event_id: "c2dfZXZlbnQ",
    sg_message_id: `${about.replyId ?? "nhIMmON9SFOPcT0ii4nt2A"}.recvd-5f5d-1-66A1-1.0`,
    ...metadata(about),
    ...own,
  };
}

/** `event-data` of Mailgun. */
export function mailgunEvent(
  about: About,
  event: string,
  own: Record<string, unknown> = {},
): object {
  return {
    id: "CPgfbmQMTCKtHW6uIWtuVe",
    timestamp: SAID_SECONDS + 0.25,
    "log-level": "error",
    event,
    recipient: about.email,
    "recipient-domain": "example.com",
    envelope: {
      sender: about.returnPath ?? "sender@edgepost.test",
      transport: "smtp",
      targets: about.email,
    },
    message: {
      headers: {
        to: about.email,
        // Mailgun leaves the angle brackets out.
        "message-id": (about.messageId ?? "<m1@edgepost.test>").slice(1, -1),
        from: "sender@edgepost.test",
        subject: "Hello",
      },
      attachments: [],
      size: 512,
    },
    "user-variables": metadata(about),
    tags: [],
    campaigns: [],
    flags: { "is-routed": false, "is-authenticated": true, "is-test-mode": false },
    ...own,
  };
}

/** A permanent failure of Mailgun. */
export function mailgunFailure(code: number, message: string, reason = "bounce"): object {
  return {
    severity: "permanent",
    reason,
    "delivery-status": {
      code,
      message,
      description: "",
      "attempt-no": 1,
      "session-seconds": 0.4,
      "mx-host": "mx.example.com",
    },
  };
}

/** A record of Postmark. */
export function postmarkRecord(
  about: About,
  type: string,
  own: Record<string, unknown> = {},
): object {
  const bounced = type === "Bounce" || type === "SpamComplaint";
  const at = { Delivery: "DeliveredAt", SubscriptionChange: "ChangedAt" }[type] ?? "BouncedAt";
  return {
    RecordType: type,
    MessageStream: "outbound",
    ID: 42,
    ServerID: 23,
    Tag: "x",
    MessageID: about.replyId ?? "883953f4-6105-42a2-a16a-77a8eac79483",
    [bounced ? "Email" : "Recipient"]: about.email,
    From: "sender@edgepost.test",
    [at]: SAID_ISO,
    Metadata: metadata(about),
    ...own,
  };
}

/** One event of SparkPost in its wrapper. */
export function sparkPostEvent(
  about: About,
  type: string,
  own: Record<string, unknown> = {},
  family = "message_event",
): object {
  return {
    msys: {
      [family]: {
        type,
        event_id: "92356927693813856",
        timestamp: String(SAID_SECONDS),
        message_id: about.replyId ?? "000443ee14578172be22",
        transmission_id: "65832150921904138",
        customer_id: "1",
        msg_from: about.returnPath ?? "sender@edgepost.test",
        rcpt_to: about.email.toLowerCase(),
        raw_rcpt_to: about.email,
        rcpt_meta: metadata(about),
        rcpt_tags: [],
        subject: "Hello",
        ...own,
      },
    },
  };
}

/** An event of GreenArrow; its numbers may be numbers or texts. */
export function greenArrowEvent(
  about: About,
  type: string,
  own: Record<string, unknown> = {},
): object {
  return {
    event_type: type,
    event_time: SAID_SECONDS,
    server_id: "1",
    event_unique_id: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    email: about.email,
    listid: "news",
    sendid: "news1",
    click_tracking_id: about.mark ?? "",
    ...(about.replyId === undefined ? {} : { msguid: about.replyId }),
    ...own,
  };
}
