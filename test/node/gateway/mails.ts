// Messages that the end-to-end tests submit: CRLF lines, without the end of data.

/** A message by a sender of the account; `more` are header lines. */
export function mail(recipient: string, more: readonly string[] = [], body = "Hello"): string {
  const header = [
    "From: Kasplo <info@trans.kasplo.in>",
    `To: ${recipient}`,
    "Subject: Hi",
    "Date: Thu, 26 Nov 2026 10:00:00 +0000",
    `Message-ID: <${recipient}>`,
    ...more,
  ];
  return `${header.join("\r\n")}\r\n\r\n${body}`;
}

const AMP =
  '<!doctype html>\r\n<html ⚡4email data-css-strict><head><meta charset="utf-8">' +
  '<script async src="https://cdn.ampproject.org/v0.js"></script>' +
  "<style amp4email-boilerplate>body{visibility:hidden}</style></head><body>Hi</body></html>";

/** A multipart/alternative with these parts, in this order, by whoever may send AMP. */
export function alternative(
  recipient: string,
  types: readonly string[],
  from = "hello@edgepost.test",
): string {
  const texts: Readonly<Record<string, string>> = { "text/x-amp-html": AMP };
  const parts = types.map((type) => {
    const head = `--cut\r\nContent-Type: ${type}; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit`;
    return `${head}\r\n\r\n${texts[type] ?? "<p>Hi</p>"}\r\n`;
  });
  const own = ["MIME-Version: 1.0", "Content-Type: multipart/alternative; boundary=cut"];
  const whole = mail(recipient, own, `${parts.join("")}--cut--`);
  return Buffer.from(whole.replace(/^From: .*$/m, `From: ${from}`)).toString("latin1");
}
