// A received message taken apart for the mailbox page.
import PostalMime, { type Address, type Attachment } from "postal-mime";

/** What the mailbox tells of a message, beside its envelope. */
export type DescribedMail = {
  /** From, decoded. */
  readonly from: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly text: string | null;
  readonly html: string | null;
  readonly attachments: readonly DescribedAttachment[];
};

/** One file of a message; its index is its address. */
export type DescribedAttachment = {
  readonly index: number;
  readonly filename: string;
  readonly type: string;
  readonly size: number;
  /** Without angle brackets; null when the HTML cannot refer to it. */
  readonly content_id: string | null;
};

/** A message with the bytes of its files. */
export type ReadMail = {
  readonly described: DescribedMail;
  readonly contents: readonly Uint8Array[];
};

/** Reads a message; files keep their order. */
export async function readMail(raw: Uint8Array): Promise<ReadMail> {
  const parsed = await PostalMime.parse(raw);
  const contents = parsed.attachments.map(bytesOf);
  return {
    described: {
      from: parsed.from ? shown(parsed.from) : "",
      headers: parsed.headers.map((header) => ({ name: header.originalKey, value: header.value })),
      text: parsed.text ?? null,
      html: parsed.html ?? null,
      attachments: parsed.attachments.map((attachment, index) => ({
        index,
        filename: attachment.filename ?? `part-${index + 1}`,
        type: attachment.mimeType,
        size: contents[index]?.length ?? 0,
        content_id: attachment.contentId?.replace(/^<|>$/g, "") ?? null,
      })),
    },
    contents,
  };
}

/** The HTML part with its own pictures in it; links open a tab of their own. */
export function showableHtml(mail: ReadMail): string {
  let html = mail.described.html ?? "";
  for (const attachment of mail.described.attachments) {
    const content = mail.contents[attachment.index];
    if (!attachment.content_id || !content || !/^image\/[\w.+-]+$/.test(attachment.type)) continue;
    const data = `data:${attachment.type};base64,${Buffer.from(content).toString("base64")}`;
    html = html.replaceAll(`cid:${attachment.content_id}`, data);
  }
  return `<base target="_blank">${html}`;
}

function shown(address: Address): string {
  if (address.address === undefined) return address.name;
  return address.name ? `${address.name} <${address.address}>` : address.address;
}

function bytesOf(attachment: Attachment): Uint8Array {
  const { content } = attachment;
  if (typeof content === "string") return Buffer.from(content, attachment.encoding ?? "utf8");
  return new Uint8Array(content);
}
