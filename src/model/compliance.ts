// Whether a message keeps the rules that the large mailbox providers have for bulk senders. Facts are read
// from the exact MIME and from what DNS showed last; bulk-rules.ts judges them. Pure.
import { BULK_RULES, type BulkRule, HEADER_RULE } from "./bulk-rules.ts";
import type { MailClass } from "./message.ts";
import { type Entity, readEntity } from "./mime/entity.ts";
import type { Field } from "./mime/fields.ts";
import type { Published } from "./sender-domain.ts";
import { readTags } from "./tag-list.ts";

/** A DKIM signature: whose it is, and the name of its key's record. */
export type Signature = { readonly domain: string; readonly keyName: string };

/** What the rules judge. */
export type Facts = Omit<Entity, "header"> & {
  readonly mailClass: MailClass;
  readonly fields: readonly Field[];
  readonly signatures: readonly Signature[];
  readonly published: Published;
};

/** A rule that a message breaks, and what to do about it. */
export type Issue = Pick<BulkRule, "rule" | "level"> & { readonly message: string };

/** What a message is judged by beside its bytes. */
export type Context = { readonly mailClass: MailClass; readonly published: Published };

/** The rules that the MIME of a message breaks, in the order of the table. */
export function lint(mime: readonly Uint8Array[], context: Context): readonly Issue[] {
  const { header, ...entity } = readEntity(mime);
  // Without its fields there is nothing that the other rules could judge.
  if (!header.ok) {
    return [{ ...HEADER_RULE, message: `${HEADER_RULE.message}: it ${header.error}` }];
  }
  const { fields } = header.value;
  const facts = { ...entity, ...context, fields, signatures: signaturesOf(fields) };
  return BULK_RULES.filter(
    ({ appliesTo }) => appliesTo === "all" || appliesTo === context.mailClass,
  )
    .filter(({ isBroken }) => isBroken(facts))
    .map(({ rule, level, message }) => ({ rule, level, message }));
}

function signaturesOf(fields: readonly Field[]): readonly Signature[] {
  return fields
    .filter(({ name }) => name === "dkim-signature")
    .flatMap(({ value }) => {
      const tags = readTags(value);
      const domain = tags?.get("d")?.toLowerCase() ?? "";
      const selector = tags?.get("s")?.toLowerCase() ?? "";
      if (domain === "" || selector === "") return [];
      return [{ domain, keyName: `${selector}._domainkey.${domain}` }];
    });
}
