// The fields that both forms of E-01 (contract 1.2) are made of, each with its limits named. Every
// error says what was wrong and what would be right.
import * as z from "zod";
import { parseAddress, parseMailbox } from "../../model/address.ts";
import { filenameFault, parseContentId } from "../../model/attachment.ts";
import { headerTextFault, MAX_OWN_HEADERS, ownHeaderFault } from "../../model/header.ts";
import type { Mailbox, Variables } from "../../model/message.ts";
import type { Result } from "../../lib/result.ts";
import { shownAs } from "../json-schema.ts";

/** Entries in each of to, cc and bcc, before duplicates collapse; the hard limit of a message. */
export const MAX_RECIPIENTS = 1000;
/** RFC 5322 §2.1.1, before encoding. */
export const MAX_SUBJECT_LENGTH = 998;
const MAX_NAME_LENGTH = 255;
const MAX_REPLY_TO = 10;
/** No contract row limits the number; 100 keeps the parts of a message countable. */
const MAX_ATTACHMENTS = 100;
const MAX_VARIABLES = 100;
const MAX_VARIABLE_NAME_LENGTH = 100;
const MAX_VARIABLE_LENGTH = 10_000;

type Issue = { readonly message: string; readonly path?: readonly PropertyKey[] };
type Context = { addIssue(issue: { code: "custom"; message: string; path?: PropertyKey[] }): void };

/** Reports a refusal below the field that is being parsed. */
export function refuse(context: Context, issue: Issue): never {
  context.addIssue({ code: "custom", message: issue.message, path: [...(issue.path ?? [])] });
  return z.NEVER;
}

/** A string, with one sentence about what it should be for when it is missing or no string. */
export function string(what: string) {
  return z.string({
    error: (issue) =>
      issue.input === undefined || issue.input === null
        ? `is required: ${what}`
        : `must be a string: ${what}`,
  });
}

/** Keys of one object that are looked at; no documented one comes near, and a million take seconds. */
export const MAX_KEYS = 10_000;

/**
 * A JSON object as its own entries: no inherited name and no `__proto__` is ever looked up. Null when
 * it is no object or has more keys than anybody needs.
 */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return Object.keys(value).length > MAX_KEYS ? null : Object.entries(value);
}

/** A string that a parser of the model turns into a value. */
function parsed<T>(what: string, parse: (text: string) => Result<T, string>) {
  return string(what).transform((text, context) => {
    const result = parse(text);
    return result.ok ? result.value : refuse(context, { message: result.error });
  });
}

/** One addr-spec. */
export const address = parsed("an address such as name@example.com", parseAddress).meta({
  examples: ["you@example.com"],
});

/** An address or `Name <address>`. */
export const mailbox = parsed(
  "an address or `Name <name@example.com>`",
  (text): Result<Mailbox, string> => {
    const result = parseMailbox(text);
    const fault = result.ok ? nameFault(result.value.name) : null;
    return fault === null ? result : { ok: false, error: fault };
  },
);

function nameFault(name: string): string | null {
  if (name.length <= MAX_NAME_LENGTH) return headerTextFault(name);
  return `must have a name of at most ${MAX_NAME_LENGTH} characters`;
}

/** A display name. */
export const displayName = string("a display name").transform((text, context) => {
  const fault = nameFault(text);
  return fault === null ? text.trim() : refuse(context, { message: fault });
});

/** The subject. */
export const subject = string(`1–${MAX_SUBJECT_LENGTH} characters`).transform((text, context) => {
  const long = text.length < 1 || text.length > MAX_SUBJECT_LENGTH;
  const fault = long ? `must have 1–${MAX_SUBJECT_LENGTH} characters` : headerTextFault(text);
  return fault === null ? text : refuse(context, { message: fault });
});

/** How a list is given: at most how many, and what one alone may be instead. */
type ListRule = { readonly max: number; readonly single: (value: unknown) => boolean };

/**
 * A list that stops at the first bad entry, so that a hostile one costs no more than its first. What
 * may stand alone is read as a list of one, with the field itself as its path.
 */
function listOf<Item extends z.ZodType>(item: Item, { max, single }: ListRule) {
  const list = z.array(item).max(max);
  const takes = single === never ? list : z.union([z.string(), list]);
  const parsing = z.unknown().transform((value, context): z.output<Item>[] => {
    const alone = single(value);
    if (!alone && !Array.isArray(value)) return refuse(context, { message: "must be an array" });
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (list.length > max) return refuse(context, { message: `must have at most ${max} entries` });
    const items: z.output<Item>[] = [];
    for (const [index, entry] of list.entries()) {
      const result = item.safeParse(entry);
      if (result.success) {
        items.push(result.data);
        continue;
      }
      const issue = result.error.issues[0];
      const path = [...(alone ? [] : [index]), ...(issue?.path ?? [])];
      return refuse(context, { message: issue?.message ?? "is invalid", path });
    }
    return items;
  });
  return shownAs(parsing, takes);
}

const isString = (value: unknown): boolean => typeof value === "string";
const never = (): boolean => false;

/** Reply-To: addresses, or one as a string. */
export const replyTo = listOf(mailbox, { max: MAX_REPLY_TO, single: isString });

const anyVariables = z.unknown().transform((value, context): Variables => {
  const entries = entriesOf(value);
  if (!entries) return refuse(context, { message: "must be an object of names and values" });
  if (entries.length > MAX_VARIABLES) {
    return refuse(context, { message: `must have at most ${MAX_VARIABLES} names` });
  }
  const texts: [string, string][] = [];
  for (const [name, given] of entries) {
    if (name.length < 1 || name.length > MAX_VARIABLE_NAME_LENGTH) {
      const message = `must have names of 1–${MAX_VARIABLE_NAME_LENGTH} characters`;
      return refuse(context, { message });
    }
    const text = variableText(given);
    if (text === null) {
      const message = `must be a string of at most ${MAX_VARIABLE_LENGTH} characters, a number or a boolean`;
      return refuse(context, { message, path: [name] });
    }
    texts.push([name, text]);
  }
  return Object.fromEntries(texts);
});

const variables = shownAs(
  anyVariables,
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
);

function variableText(value: unknown): string | null {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value.length <= MAX_VARIABLE_LENGTH ? value : null;
}

/** One recipient, in whichever way it was given. */
export type ParsedRecipient = Mailbox & { readonly variables: Variables | null };

const recipient = z
  .object(
    { email: address, name: displayName.nullish(), variables: variables.nullish() },
    { error: 'must be an object such as {"email": "name@example.com", "name": "…"}' },
  )
  .transform(({ email, name, variables }): ParsedRecipient => ({
    address: email,
    name: name ?? "",
    variables: variables ?? null,
  }));

/** Recipients of the nested form: objects. */
export const recipients = listOf(recipient, { max: MAX_RECIPIENTS, single: never });

const textRecipient = mailbox.transform((given): ParsedRecipient => ({
  ...given,
  variables: null,
}));

const anyRecipient = shownAs(
  z.unknown().transform((value, context): ParsedRecipient => {
    const result = (isString(value) ? textRecipient : recipient).safeParse(value);
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    return refuse(context, { message: issue?.message ?? "is invalid", path: issue?.path ?? [] });
  }),
  z.union([textRecipient, recipient]),
);

/** Recipients of the flat form: one string, or an array of strings and objects. */
export const flatRecipients = listOf(anyRecipient, { max: MAX_RECIPIENTS, single: isString });

const headerEntries = z.unknown().transform((value, context): [string, string][] => {
  const entries = entriesOf(value);
  if (!entries) return refuse(context, { message: "must be an object of header names and values" });
  if (entries.length > MAX_OWN_HEADERS) {
    return refuse(context, { message: `must have at most ${MAX_OWN_HEADERS} headers` });
  }
  const headers: [string, string][] = [];
  const seen = new Set<string>();
  for (const [name, text] of entries) {
    const path = [name];
    if (typeof text !== "string") return refuse(context, { message: "must be a string", path });
    const fault = seen.has(name.toLowerCase()) ? "is given twice" : ownHeaderFault(name, text);
    if (fault !== null) return refuse(context, { message: fault, path });
    seen.add(name.toLowerCase());
    headers.push([name, text.trim()]);
  }
  return headers;
});

/** Own headers in the order given. */
export const ownHeaders = shownAs(headerEntries, z.record(z.string(), z.string()));

const onOff = z.boolean({ error: "must be true or false" });

/** What is tracked (decision 15); what is not named is. */
export const tracking = z.object(
  { opens: onOff.nullish(), clicks: onOff.nullish() },
  { error: 'must be an object such as {"opens": false, "clicks": true}' },
);

const filename = string("the file's name").transform((text, context) => {
  const fault = filenameFault(text);
  return fault === null ? text : refuse(context, { message: fault });
});

const contentId = string("an id such as logo, named in the HTML as cid:logo").transform(
  (text, context) =>
    parseContentId(text) ??
    refuse(context, { message: "must be letters, digits, dots and hyphens, with at most one @" }),
);

/** A content type is only compared with those of the extension, never written. */
const MAX_CONTENT_TYPE_LENGTH = 255;

const attachment = z.preprocess(
  (value) => {
    const entries = entriesOf(value);
    if (!entries) return value;
    const given = new Map(entries);
    return {
      filename: given.get("filename") ?? given.get("name"),
      content: given.get("content"),
      contentType: given.get("contentType") ?? given.get("type"),
      contentId: given.get("contentId"),
    };
  },
  z.object(
    {
      filename,
      content: string("the file in base64"),
      contentType: string("a content type")
        .max(MAX_CONTENT_TYPE_LENGTH, {
          error: `must be at most ${MAX_CONTENT_TYPE_LENGTH} characters`,
        })
        .nullish(),
      contentId: contentId.nullish(),
    },
    { error: 'must be an object such as {"filename": "a.pdf", "content": "<base64>"}' },
  ),
);

/** Attachments, their content still in base64. */
export const attachments = listOf(attachment, { max: MAX_ATTACHMENTS, single: never });
