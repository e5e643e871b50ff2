// Which SPF mechanism lets a relay send for a domain: what the large ones ask their customers to include,
// and the relay's own addresses for all others. Data and one look-up.

/** Suffix of the submission host → mechanism, as each relay documents it. */
const KNOWN: readonly (readonly [suffix: string, mechanism: string])[] = [
  [".amazonaws.com", "include:amazonses.com"],
  [".sendgrid.net", "include:sendgrid.net"],
  [".mailgun.org", "include:mailgun.org"],
  [".postmarkapp.com", "include:spf.mtasv.net"],
  [".sparkpostmail.com", "include:sparkpostmail.com"],
  [".mailjet.com", "include:spf.mailjet.com"],
  [".sendinblue.com", "include:spf.brevo.com"],
  [".brevo.com", "include:spf.brevo.com"],
  [".mailersend.net", "include:_spf.mailersend.net"],
  [".smtp2go.com", "include:spf.smtp2go.com"],
  [".resend.com", "include:amazonses.com"],
  [".gmail.com", "include:_spf.google.com"],
  [".office365.com", "include:spf.protection.outlook.com"],
  [".zoho.com", "include:zohomail.com"],
];

/** The mechanism for a relay's host: a name or an address. */
export function relayMechanism(host: string): string {
  const name = host.toLowerCase();
  const known = KNOWN.find(([suffix]) => `.${name}`.endsWith(suffix));
  if (known) return known[1];
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return `ip4:${name}`;
  return name.includes(":") ? `ip6:${name}` : `a:${name}`;
}
