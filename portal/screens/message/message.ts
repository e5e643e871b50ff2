// A message as GET /v1/messages/:id answers it.
type Count = { readonly people: number; readonly machines: number };

export type Delivery = {
  readonly click_tracking_id: string;
  /** null when the address was erased. */
  readonly email: string | null;
  readonly state: string;
  readonly next_attempt_at: string | null;
  readonly attempts: readonly Attempt[];
};

/** One try at a relay. */
export type Attempt = {
  readonly at: string;
  readonly relay: string;
  readonly result: string;
  readonly code: number | null;
  readonly reply: string;
  readonly tls?: boolean | null;
};

export type Step = {
  readonly at: string;
  readonly event: string;
  readonly click_tracking_id?: string;
  readonly result?: string;
  readonly code?: number | null;
  readonly reply?: string;
  readonly machine?: boolean;
};

export type Message = {
  readonly id: string;
  readonly created_at: string;
  readonly from: string;
  readonly subject: string;
  readonly tags?: string;
  readonly mail_class: string;
  readonly deliveries: readonly Delivery[];
  readonly tracking?: { readonly opens: Count; readonly clicks: Count };
  readonly timeline: readonly Step[];
};

/** What happened to one delivery, in order; steps without a delivery are of all. Pure. */
export function stepsOf(message: Message, delivery: Delivery): readonly Step[] {
  return message.timeline.filter(
    ({ click_tracking_id: of }) => of === undefined || of === delivery.click_tracking_id,
  );
}

/** The try that a step of the timeline tells of, or null. Pure. */
export function attemptOf({ attempts }: Delivery, { at, reply }: Step): Attempt | null {
  return attempts.find((attempt) => attempt.at === at && attempt.reply === (reply ?? "")) ?? null;
}
