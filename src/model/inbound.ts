// Mail that comes to return paths, and what becomes of what changes nothing. Each is counted.

/** A mail as the platform hands it over. */
export type IncomingMail = {
  /** Envelope sender; empty, or `<>`, for a notification. */
  readonly from: string;
  /** Envelope recipient. */
  readonly to: string;
  readonly raw: ReadableStream<Uint8Array>;
  /** Bytes of `raw`. */
  readonly rawSize: number;
};

/** Why a mail changed nothing. */
export const INBOUND_OUTCOMES = [
  /** No return path and not the address for complaints. */
  "unknown_address",
  /** It looks like a return path and was not signed here as it stands. */
  "forged",
  /** The return path's time is over. */
  "expired",
  /** Said before, or the delivery had bounced before. */
  "repeated",
  /** The delivery was purged, or never was. */
  "not_found",
  /** A complaint that names no delivery of ours. */
  "unknown_complaint",
  /** Feedback that is no complaint. */
  "other_feedback",
  /** Neither a bounce nor an automatic reply nor a complaint. */
  "not_a_report",
  /** Nested too deeply, or a header that is too long. */
  "unreadable",
  "too_large",
] as const;
export type InboundOutcome = (typeof INBOUND_OUTCOMES)[number];

/**
 * Events of a vendor that changed nothing. A request that is not proved to be the vendor's is logged and not
 * counted here: a stranger must not make us write.
 */
export const INTAKE_OUTCOMES = [
  /** An event of a type that is not known, or not in its documented form. */
  "intake_unknown",
  /** An event of mail that is not ours, or was purged. */
  "intake_not_found",
] as const;
export type IntakeOutcome = (typeof INTAKE_OUTCOMES)[number];

/** How often, and when last. */
export type InboundCount = {
  readonly outcome: InboundOutcome | IntakeOutcome;
  readonly count: number;
  /** Epoch milliseconds; null when it never happened. */
  readonly lastAt: number | null;
};
