// What ours is measured against where messages are made: nodemailer's composer and its DKIM, in Node, which is
// their home (inside workerd their streams wait 12 ms a message).
import DKIM from "nodemailer/lib/dkim";
import MailComposer from "nodemailer/lib/mail-composer";

/** A template for many recipients, and the key of its domain. */
export type Template = {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly domain: string;
  readonly selector: string;
  /** PKCS #8. */
  readonly pem: string;
};

/** Makes so many messages, one after the other; the last of them. */
export async function composeAll(
  template: Template,
  kind: "built" | "signed",
  messages: number,
): Promise<Buffer> {
  const { domain, selector, pem } = template;
  const dkim = new DKIM({ domainName: domain, keySelector: selector, privateKey: pem });
  let last: Buffer = Buffer.alloc(0);
  for (let n = 0; n < messages; n++) {
    const built = await build(template, n);
    last = kind === "built" ? built : await whole(dkim.sign(built));
  }
  return last;
}

function build({ subject, text, html, domain }: Template, n: number): Promise<Buffer> {
  const fill = (given: string) => given.replaceAll("{{name}}", `Reader ${n}`);
  const mail = new MailComposer({
    from: { address: `sender@${domain}`, name: "Shop" },
    to: `reader${n}@example.com`,
    subject: fill(subject),
    text: fill(text),
    html: fill(html),
    newline: "windows",
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return mail.compile().build();
}

async function whole(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) if (Buffer.isBuffer(piece)) pieces.push(piece);
  return Buffer.concat(pieces);
}
