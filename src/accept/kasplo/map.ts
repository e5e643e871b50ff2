// A parsed E-01 body becomes the one command of the core: duplicates collapse, aliases are settled,
// attachments are decoded, and sizes are checked as every recipient will receive them.
import type { SendPaths } from "../../check/check.ts";
import { addressKey } from "../../model/address.ts";
import { contentTypeFor } from "../../model/attachment.ts";
import { MAX_TEXT_PART_BYTES, utf8Length } from "../../model/content.ts";
import { MAX_SUBJECT_LENGTH, MAX_RECIPIENTS, type ParsedRecipient } from "./fields.ts";
import { fromBase64 } from "../../lib/bytes.ts";
import { htmlToText } from "../../lib/html-to-text.ts";
import type {
  Mailbox,
  MessageContent,
  Recipient,
  Role,
  SendCommand,
  Variables,
} from "../../model/message.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import type { SendBody } from "./schema.ts";
import { escapeHtml, type Escape, measure, renderedBytes, verbatim } from "../../model/template.ts";

/** A command and where its parts stood in the request, for whoever refuses them later. */
export type MappedSend = {
  readonly command: SendCommand & { readonly content: MessageContent };
  readonly paths: SendPaths;
};

/** Characters of all variables of all recipients together: they are stored with the message. */
const MAX_VARIABLES_LENGTH = 10_000_000;

/** Own headers that are documented as ignored (C-04). */
const IGNORED_HEADER = "x-amp-html-part";

/** Maps a body; `defaultSender` is used when the flat form names none (contract 1.2). */
export function mapSend(
  body: SendBody,
  defaultSender: Mailbox | null,
): Result<MappedSend, Problem> {
  const { prefix, message, metadata } = body;
  const from = body.from ?? (defaultSender && withName(defaultSender, message.fromName));
  if (!from) return fail(invalidField(`${prefix}from`, "is required: there is no default sender"));
  const people = collapse(body);
  if (!people.ok) return people;
  const texts = textsOf(body);
  if (!texts.ok) return texts;
  const files = decodeAttachments(body);
  if (!files.ok) return files;
  const content: MessageContent = {
    from,
    replyTo: message.replyTo ?? [],
    subject: message.subject,
    ...texts.value,
    headers: (message.headers ?? []).filter(([name]) => name.toLowerCase() !== IGNORED_HEADER),
    variables: people.value.variables,
    ...files.value,
    tracking: {
      opens: message.tracking?.opens ?? true,
      clicks: message.tracking?.clicks ?? true,
    },
  };
  const oversize = findOversize(body, content, people.value.paths);
  if (oversize) return fail(oversize);
  return ok({
    command: {
      content,
      recipients: people.value.recipients,
      tags: body.trackingId ?? metadata.messageId ?? "",
      sendId: metadata.sendId,
      listId: metadata.listId,
      mailClass: metadata.mailClass,
      metadata: keptMetadata(body),
      onAmbiguous: body.onAmbiguous,
      sendAt: body.sendAt,
    },
    paths: {
      from: `${prefix}from`,
      amp: `${prefix}${typeof message.amp === "string" || prefix ? "amp" : "amp_html"}`,
      recipients: `${body.groups}to`,
      attachments: `${prefix}attachments`,
    },
  });
}

function withName(sender: Mailbox, name: string | null | undefined): Mailbox {
  return { address: sender.address, name: name ?? sender.name };
}

/** What is stored and shown: the sender's own keys, and the message id that `tags` may hide. */
function keptMetadata({ metadata }: SendBody): Readonly<Record<string, string>> {
  if (metadata.messageId === null) return metadata.own;
  return { messageId: metadata.messageId, ...metadata.own };
}

type People = {
  readonly recipients: readonly Recipient[];
  readonly variables: readonly Variables[] | null;
  readonly paths: readonly string[];
};

/** To, then Cc, then Bcc; the first of several equal addresses wins. */
function collapse({ recipients, groups }: SendBody): Result<People, Problem> {
  if (recipients.to.length === 0) {
    return fail(invalidField(`${groups}to`, "is required: at least one recipient"));
  }
  const kept = new Map<string, Recipient & { given: ParsedRecipient; path: string }>();
  for (const role of ["to", "cc", "bcc"] as const satisfies readonly Role[]) {
    for (const [index, given] of recipients[role].entries()) {
      const key = addressKey(given.address);
      const { address, name } = given;
      const path = `${groups}${role}[${index}]`;
      if (!kept.has(key)) kept.set(key, { address, name, role, given, path });
    }
  }
  const all = [...kept.values()];
  if (all.length > MAX_RECIPIENTS) {
    const reason = `to, cc and bcc must have at most ${MAX_RECIPIENTS} recipients together`;
    return fail(invalidField(`${groups}to`, reason));
  }
  const some = all.some(({ given }) => given.variables !== null);
  return ok({
    recipients: all.map(({ address, name, role }) => ({ address, name, role })),
    variables: some ? all.map(({ given }) => given.variables ?? {}) : null,
    paths: all.map(({ path }) => path),
  });
}

type Texts = Pick<MessageContent, "text" | "html" | "amp">;

/** The parts that are there; an empty text is none. */
function textsOf({ prefix, message }: SendBody): Result<Texts, Problem> {
  const html = message.html || null;
  const derived = message.autoText && html ? htmlToText(html) : null;
  const text = message.text || derived || null;
  if (!text && !html) {
    return fail(invalidField(`${prefix}text`, "text or html is required; give one or both"));
  }
  if (message.amp && message.amp_html && message.amp !== message.amp_html) {
    return fail(invalidField(`${prefix}amp_html`, "differs from amp; give one of the two"));
  }
  const amp = message.amp || message.amp_html || null;
  if (amp && !(text && html)) {
    return fail(invalidField(`${prefix}amp`, "needs both text and html beside it as fallbacks"));
  }
  return ok({ text, html, amp });
}

type Files = Pick<MessageContent, "attachments" | "attachmentBytes">;

/** Decodes base64; whether the files may be sent is asked in check/attachment.ts. */
function decodeAttachments({ prefix, message }: SendBody): Result<Files, Problem> {
  const attachments = [];
  const attachmentBytes = [];
  const ids = new Set<string>();
  for (const [index, file] of (message.attachments ?? []).entries()) {
    const path = `${prefix}attachments[${index}]`;
    const bytes = fromBase64(file.content);
    if (!bytes) {
      const reason = "must be base64 with padding (RFC 4648 §4), without a data: prefix";
      return fail({ kind: "attachment_refused", path: `${path}.content`, reason });
    }
    const contentId = file.contentId ?? null;
    if (contentId !== null && ids.has(contentId)) {
      return fail(invalidField(`${path}.contentId`, "is used by another attachment"));
    }
    if (contentId !== null) ids.add(contentId);
    const given = file.contentType ?? null;
    const contentType = contentTypeFor(file.filename, given) ?? given ?? "";
    attachments.push({ filename: file.filename, contentType, contentId });
    attachmentBytes.push(bytes);
  }
  return ok({ attachments, attachmentBytes });
}

/** Finds a part that is too large, as given or as one recipient's variables make it. */
function findOversize(
  { prefix }: SendBody,
  content: MessageContent,
  paths: readonly string[],
): Problem | null {
  const parts: readonly (readonly [string, string | null, Escape])[] = [
    ["text", content.text, verbatim],
    ["html", content.html, escapeHtml],
    ["amp", content.amp, escapeHtml],
  ];
  for (const [name, text] of parts) {
    if (utf8Length(text ?? "") > MAX_TEXT_PART_BYTES) return tooLarge(`${prefix}${name}`);
  }
  const everyones = content.variables ?? [];
  const length = everyones.reduce((sum, variables) => sum + lengthOf(variables), 0);
  if (length > MAX_VARIABLES_LENGTH) {
    return { kind: "too_large", what: "all variables together", limitBytes: MAX_VARIABLES_LENGTH };
  }
  const subject = measure(content.subject);
  const templates = parts.map(([, text]) => measure(text ?? ""));
  for (const [position, variables] of everyones.entries()) {
    const path = `${paths[position] ?? ""}.variables`;
    if (renderedBytes(subject, variables, verbatim) > MAX_SUBJECT_BYTES) {
      return invalidField(path, `make the subject longer than ${MAX_SUBJECT_BYTES} bytes`);
    }
    for (const [index, [name, , escape]] of parts.entries()) {
      const template = templates[index];
      if (template && renderedBytes(template, variables, escape) > MAX_TEXT_PART_BYTES) {
        return tooLarge(`${prefix}${name} with ${path}`);
      }
    }
  }
  return null;
}

function tooLarge(what: string): Problem {
  return { kind: "too_large", what, limitBytes: MAX_TEXT_PART_BYTES };
}

/** A character of UTF-16 takes at most three bytes of UTF-8. */
const MAX_SUBJECT_BYTES = MAX_SUBJECT_LENGTH * 3;

function lengthOf(variables: Variables): number {
  return Object.entries(variables).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    0,
  );
}
