// Values that a message's recipient reads and nobody else: they are kept sealed, and opened where the mail leaves.
// Whoever looks at the message by the API sees a word in their place.
import { open, seal } from "../lib/seal.ts";
import { type Content, isRaw, type Variables } from "./message.ts";

/** What a sealed value is bound to: no other sealed text can be put in its place. */
const PURPOSE = "message variables";

/** What stands for a value wherever the message is shown. */
export const CONCEALED = "[only the recipient can read this]";

/** Seals the values of a new message. */
export async function sealedVariables(
  encryptionKey: string,
  values: Variables,
): Promise<Variables> {
  return mapped(values, (value) => seal(encryptionKey, PURPOSE, value));
}

/** A content as its recipients read it. */
export async function opened(encryptionKey: string, content: Content): Promise<Content> {
  if (isRaw(content) || !content.sealed) return content;
  const values = await mapped(content.sealed, (value) => open(encryptionKey, PURPOSE, value));
  return withValues(content, values);
}

/** A content as everybody else may read it. */
export function concealed(content: Content): Content {
  if (isRaw(content) || !content.sealed) return content;
  const names = Object.keys(content.sealed);
  return withValues(content, Object.fromEntries(names.map((name) => [name, CONCEALED])));
}

/** Mail with sealed values has one recipient. */
function withValues(content: Exclude<Content, { raw: unknown }>, values: Variables): Content {
  const { sealed: _sealed, ...rest } = content;
  return { ...rest, variables: [{ ...content.variables?.[0], ...values }] };
}

async function mapped(
  values: Variables,
  change: (value: string) => Promise<string>,
): Promise<Variables> {
  const entries = Object.entries(values).map(
    async ([name, value]) => [name, await change(value)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
