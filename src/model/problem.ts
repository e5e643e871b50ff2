// Every way to say no, as one union. Dialects map it exhaustively to their wire; the core never sees
// an HTTP status.

/** What can be used up: the rate of the account or the key, or recipients of a UTC day, a new domain's too. */
export type LimitName =
  | "account"
  | "account-daily"
  | "key"
  | "key-daily"
  | "domain"
  | "domain-daily";

/** Why a request was refused. `path` is a JSON path into the request; texts never echo a secret. */
export type Problem =
  /** The body is not JSON, or not an object. */
  | { readonly kind: "malformed_body"; readonly reason: string }
  | { readonly kind: "invalid_field"; readonly path: string; readonly reason: string }
  /** The body is of another media type than the operation takes. */
  | { readonly kind: "unsupported_media_type"; readonly wanted: string }
  | { readonly kind: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly kind: "not_found"; readonly what: string }
  /** No key, or one that does not (or no longer) exist in this family. */
  | { readonly kind: "unauthorized"; readonly reason: string }
  /** The user of an SMTP session is not, or no longer, who may send. */
  | { readonly kind: "invalid_credentials"; readonly reason: string }
  /** Address and password are right; a code of the authenticator app is wanted, too. */
  | { readonly kind: "second_factor_required" }
  /** The SMTP credential may be used over TLS only. */
  | { readonly kind: "tls_required" }
  /** Wrong passwords came too often. */
  | { readonly kind: "too_many_attempts"; readonly retryAfterSeconds: number }
  | { readonly kind: "insufficient_scope"; readonly scope: string }
  /** Somebody who is signed in may not, or only people may, or a foreign page asked. */
  | { readonly kind: "not_permitted"; readonly reason: string }
  /** The From domain is not a verified sender domain, or the key may not use it. */
  | { readonly kind: "sender_not_allowed"; readonly domain: string }
  /** The key may not send this mail class. */
  | { readonly kind: "mail_class_not_allowed"; readonly mailClass: string }
  | { readonly kind: "attachment_refused"; readonly path: string; readonly reason: string }
  | { readonly kind: "too_large"; readonly what: string; readonly limitBytes: number }
  | { readonly kind: "amp_not_approved"; readonly domain: string; readonly fromName: string }
  | { readonly kind: "all_suppressed" }
  /** The gate of the sender domain refuses what breaks the bulk-sender rules. */
  | {
      readonly kind: "not_compliant";
      readonly domain: string;
      readonly broken: readonly { readonly rule: string; readonly message: string }[];
    }
  /** More recipients at once than the named limit ever allows. */
  | { readonly kind: "too_many_recipients"; readonly limit: LimitName; readonly reason: string }
  /** Credits are counted and do not suffice for all recipients; nothing was accepted. */
  | { readonly kind: "out_of_credits"; readonly needed: number; readonly balance: number }
  /** The named limit is reached for now. */
  | {
      readonly kind: "rate_limited";
      readonly limit: LimitName;
      readonly reason: string;
      readonly retryAfterSeconds: number;
    }
  | { readonly kind: "idempotency_key_reused" }
  /** The request is fine but the thing it acts on is in a state that forbids it. */
  | { readonly kind: "conflict"; readonly reason: string }
  /** Nothing was accepted; the same request can be sent again. */
  | { readonly kind: "unavailable"; readonly reason: string; readonly retryAfterSeconds: number };

/** A field that is missing or wrong; `path` such as `email.recipients.to[0].email`. */
export function invalidField(path: string, reason: string): Problem {
  return { kind: "invalid_field", path, reason };
}

/** D1 or R2 did not answer; their hiccups are short. */
export const STORAGE_UNAVAILABLE: Problem = {
  kind: "unavailable",
  reason: "storage did not answer; send the request again",
  retryAfterSeconds: 5,
};
