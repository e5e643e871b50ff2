// The MIME that a sender made, as one recipient gets it: every byte as it came but the fields that a message
// must have and this one lacks, and the texts that are written anew (raw-text.ts). Pure: the same message
// gives the same bytes at every attempt.
import type { Composed, Reader } from "./compose.ts";
import { textHeader } from "./header.ts";
import { isPersonal, isWrittenAnew, type RawText, textsOf, writeText } from "./raw-text.ts";
import { unsubscribeHeaders } from "./unsubscribe.ts";
import { spliced, utf8 } from "../lib/bytes.ts";
import { domainOf } from "../model/address.ts";
import type { Links } from "../model/link.ts";
import { leavesAt, type MailClass, type Message, type RawContent } from "../model/message.ts";
import { parseStructure } from "../model/mime/structure.ts";

/** What of a message is the same for all of its recipients. */
type Plan = {
  /** Lower case, in order. */
  readonly fieldNames: readonly string[];
  /** In the order of the message. */
  readonly texts: readonly RawText[];
  /** Bytes over 127 stand outside of these texts. */
  readonly eightBit: boolean;
};

const plans = new WeakMap<RawContent, Plan>();

/** The message of one recipient. */
export async function composeRaw(
  message: Pick<Message, "id" | "createdAt" | "sendAt" | "mailClass">,
  content: RawContent,
  reader: Reader,
): Promise<Composed> {
  const { fieldNames, texts, eightBit } = planOf(content);
  const anew = texts.filter((text) => isWrittenAnew(text, reader.links));
  const kept = texts.filter((text) => !anew.includes(text));
  const written = await Promise.all(anew.map((text) => writeText(text, reader)));
  const added = [
    ...missingFields(message, content, fieldNames),
    ...unsubscribeHeaders(message.mailClass, fieldNames, reader.unsubscribeUrl),
  ];
  const { header, body } = content.raw;
  // The root's header stands by itself; those of its parts stand in the body.
  const isRoot = (index: number) => anew[index]?.part.section === "";
  const chunks = [
    ...spliced(
      header,
      written.flatMap((text, index) => (isRoot(index) ? text.header : [])),
    ),
    utf8(`${added.join("")}\r\n`),
    ...spliced(
      body,
      written.flatMap((text, index) => [...(isRoot(index) ? [] : text.header), text.body]),
    ),
  ];
  const changing = [
    ...kept.map(({ octets }) => octets),
    ...written.flatMap(({ body }) => body.chunks),
  ];
  return {
    content: chunks,
    eightBit: eightBit || changing.some(isEightBit),
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
  const { fieldNames, texts } = planOf(content);
  if (links === null) return false;
  const unsubscribes = mailClass === "marketing" && !fieldNames.includes("list-unsubscribe");
  return unsubscribes || texts.some((text) => isPersonal(text, links));
}

/** Date and Message-ID (RFC 6409 §8.2, §8.3), where the sender left them out. */
function missingFields(
  message: Pick<Message, "id" | "createdAt" | "sendAt">,
  { from }: RawContent,
  fieldNames: readonly string[],
): readonly string[] {
  const date = new Date(leavesAt(message)).toUTCString().replace("GMT", "+0000");
  const fields = [
    ["Date", date],
    ["Message-ID", `<${message.id}@${domainOf(from.address)}>`],
  ] as const;
  return fields
    .filter(([name]) => !fieldNames.includes(name.toLowerCase()))
    .map(([name, value]) => textHeader(name, value));
}

function planOf(content: RawContent): Plan {
  const known = plans.get(content);
  if (known) return known;
  const root = parseStructure(content.raw);
  // It was read the same way when it was accepted.
  if (!root.ok) throw new Error(`part "${root.error.section}" ${root.error.reason}`);
  const texts = textsOf(content, root.value);
  const plan = {
    fieldNames: root.value.fields.map(({ name }) => name),
    texts,
    eightBit: isEightBit(content.raw.header) || outside(content.raw.body, texts).some(isEightBit),
  };
  plans.set(content, plan);
  return plan;
}

/** What of a body is no such text. */
function outside(body: Uint8Array, texts: readonly RawText[]): readonly Uint8Array[] {
  const cuts = texts.map(({ part }) => ({ start: part.bodyStart, end: part.bodyEnd, chunks: [] }));
  return spliced(body, cuts);
}

function isEightBit(bytes: Uint8Array): boolean {
  // A loop, because a callback for each of 40 million octets takes its time.
  for (let index = 0; index < bytes.length; index++) if ((bytes[index] ?? 0) > 127) return true;
  return false;
}
