// Words of the API that several screens offer; tests hold them to the API's own.

/** What happens to mail. */
export const EVENTS = [
  "delivery_attempt",
  "open",
  "click",
  "bounce_all",
  "bounce_bad_address",
  "unsubscribe",
  "spam_complaint",
] as const;

/** The states of a delivery that events tell of. */
export const TOLD_STATES = ["deferred", "delivered", "bounced", "expired"] as const;

export const MAIL_CLASSES = ["transactional", "marketing"] as const;

/** What a suppression is for. */
export const SCOPES = ["global", "complaint", "bounce", "unsubscribe", "transactional"] as const;
