// The texts of one recipient: `{{name}}` replaced in subject, text, HTML and AMP, escaped where a
// value stands in markup.
import { toHeaderText } from "../model/header.ts";
import { UNSUBSCRIBE_VARIABLE } from "../model/link.ts";
import type { MessageContent, Variables } from "../model/message.ts";
import { escapeHtml, render, verbatim } from "../model/template.ts";

/** The four texts of a message. */
export type Texts = Pick<MessageContent, "subject" | "text" | "html" | "amp">;

const NONE: Variables = {};

/** The values for one recipient: the sender's, and our unsubscribe link where there is one. */
export function variablesFor(
  content: MessageContent,
  position: number,
  unsubscribeUrl: string | null,
): Variables {
  const own = content.variables?.[position] ?? NONE;
  return unsubscribeUrl === null ? own : { [UNSUBSCRIBE_VARIABLE]: unsubscribeUrl, ...own };
}

/** The texts as a recipient with these values reads them. */
export function personalise(content: MessageContent, variables: Variables): Texts {
  const { subject, text, html, amp } = content;
  return {
    subject: toHeaderText(render(subject, variables, verbatim)),
    text: text === null ? null : render(text, variables, verbatim),
    html: html === null ? null : render(html, variables, escapeHtml),
    amp: amp === null ? null : renderAmp(amp, variables),
  };
}

const TEMPLATE_START = "<template";
const TEMPLATE_END = "</template";

/** AMP has `{{…}}` of its own inside `<template type="amp-mustache">`: those are left for the reader. */
function renderAmp(amp: string, variables: Variables): string {
  const lower = amp.toLowerCase();
  let rendered = "";
  let position = 0;
  while (position < amp.length) {
    const start = indexOrEnd(lower, TEMPLATE_START, position);
    const end = indexOrEnd(lower, TEMPLATE_END, start);
    rendered += render(amp.slice(position, start), variables, escapeHtml) + amp.slice(start, end);
    position = end;
  }
  return rendered;
}

function indexOrEnd(text: string, mark: string, from: number): number {
  const index = text.indexOf(mark, from);
  return index < 0 ? text.length : index;
}
