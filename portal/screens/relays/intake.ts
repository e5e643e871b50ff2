// Whose events of bounces and complaints a relay takes, as /v1/relays/:id/intake answers it. Pure.
export type Intake = {
  readonly relay_id: string;
  readonly vendor: string;
  readonly url: string;
};

/** Whose events are understood: what proves that they are theirs, as the API and as people call it. */
export const VENDORS = [
  ["ses", "Amazon SES", "topic_arn", "ARN of the SNS topic"],
  ["sendgrid", "SendGrid", "public_key", "Verification key that SendGrid shows"],
  ["mailgun", "Mailgun", "secret", "HTTP webhook signing key"],
  ["postmark", "Postmark", "secret", "Password that it sends (at least 16 characters)"],
  ["sparkpost", "SparkPost", "secret", "Password that it sends (at least 16 characters)"],
  ["greenarrow", "GreenArrow", "secret", "Password that it sends (at least 16 characters)"],
] as const;

/** One of VENDORS by its name in the API; the first where there is none of this name. */
export function vendorOf(name: string): (typeof VENDORS)[number] {
  return VENDORS.find(([one]) => one === name) ?? VENDORS[0];
}

/** The body of PUT /v1/relays/:id/intake. */
export function intakeBody(vendor: string, proof: string): Readonly<Record<string, string>> {
  const [name, , field] = vendorOf(vendor);
  return { vendor: name, [field]: proof.trim() };
}
