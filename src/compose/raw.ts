// The MIME that a sender made, as one recipient gets it: every byte as it came, behind the fields that a
// message must have and this one lacks. Pure: the same message gives the same bytes at every attempt.
import type { Composed } from "./compose.ts";
import { textHeader } from "./header.ts";
import { unsubscribeHeaders } from "./unsubscribe.ts";
import { utf8 } from "../lib/bytes.ts";
import { domainOf } from "../model/address.ts";
import type { Links } from "../model/link.ts";
import type { MailClass, Message, RawContent } from "../model/message.ts";
import { splitHeader } from "../model/mime/fields.ts";

/** What of a message is the same for all of its recipients. */
type Plan = {
  /** Lower case, in order. */
  readonly fieldNames: readonly string[];
  readonly eightBit: boolean;
};

const plans = new WeakMap<RawContent, Plan>();

/** The message with the fields that it lacks; `unsubscribeUrl` is the recipient's. */
export function composeRaw(
  message: Pick<Message, "id" | "createdAt" | "mailClass">,
  content: RawContent,
  unsubscribeUrl: string | null,
): Composed {
  const { fieldNames, eightBit } = planOf(content);
  const added = [
    ...missingFields(message, content, fieldNames),
    ...unsubscribeHeaders(message.mailClass, fieldNames, unsubscribeUrl),
  ];
  const { header, body } = content.raw;
  const chunks = [header, utf8(`${added.join("")}\r\n`), body];
  return {
    content: chunks,
    eightBit,
    // Other MTAs send 8-bit headers without SMTPUTF8 too; an address is what cannot do without.
    smtputf8: !/^[\x21-\x7e]*$/.test(content.from.address),
    size: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  };
}

/** Whether the bytes differ from recipient to recipient. */
export function rawNeedsOwnCopy(
  mailClass: MailClass,
  content: RawContent,
  links: Links | null,
): boolean {
  const own = planOf(content).fieldNames.includes("list-unsubscribe");
  return links !== null && mailClass === "marketing" && !own;
}

/** Date and Message-ID (RFC 6409 §8.2, §8.3), where the sender left them out. */
function missingFields(
  { id, createdAt }: Pick<Message, "id" | "createdAt">,
  { from }: RawContent,
  fieldNames: readonly string[],
): readonly string[] {
  const date = new Date(createdAt).toUTCString().replace("GMT", "+0000");
  const fields = [
    ["Date", date],
    ["Message-ID", `<${id}@${domainOf(from.address)}>`],
  ] as const;
  return fields
    .filter(([name]) => !fieldNames.includes(name.toLowerCase()))
    .map(([name, value]) => textHeader(name, value));
}

function planOf(content: RawContent): Plan {
  const known = plans.get(content);
  if (known) return known;
  const { header, body } = content.raw;
  const split = splitHeader(header, 0, header.length);
  // It was split the same way when it was accepted.
  if (!split.ok) throw new Error(`the header ${split.error}`);
  const plan = {
    fieldNames: split.value.fields.map(({ name }) => name),
    eightBit: isEightBit(header) || isEightBit(body),
  };
  plans.set(content, plan);
  return plan;
}

function isEightBit(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte > 127);
}
