// `{{name}}` in a text: logic-less, one pass, own variables only. What a variable holds is never
// read as a template, and no name reaches anything but the values the sender gave.
import type { Variables } from "./message.ts";
import { utf8Length } from "./content.ts";

/** A placeholder; the name is what `variables` are looked up by. Linear: no part can match twice. */
const PLACEHOLDER = /\{\{[ \t]{0,10}([A-Za-z0-9_.-]{1,100})[ \t]{0,10}\}\}/g;

/** How a value is written where it stands. */
export type Escape = (value: string) => string;

/** The text with every placeholder replaced; an unknown variable becomes the empty string. */
export function render(text: string, variables: Variables, escape: Escape): string {
  if (!text.includes("{{")) return text;
  return text.replace(PLACEHOLDER, (_, name: string) => escape(valueOf(variables, name)));
}

/** The text with the placeholders of one name replaced; all others stay as they are. */
export function renderOne(text: string, name: string, value: string): string {
  if (!text.includes("{{")) return text;
  return text.replace(PLACEHOLDER, (whole, found: string) => (found === name ? value : whole));
}

function valueOf(variables: Variables, name: string): string {
  return Object.hasOwn(variables, name) ? (variables[name] ?? "") : "";
}

/** How often each name stands in a text, and the bytes of the text without its placeholders. */
export type Template = {
  readonly bytes: number;
  readonly uses: ReadonlyMap<string, number>;
};

/** Measures a text once, so that many recipients' sizes cost no second pass. */
export function measure(text: string): Template {
  const uses = new Map<string, number>();
  let bytes = utf8Length(text);
  if (!text.includes("{{")) return { bytes, uses };
  for (const [placeholder, name = ""] of text.matchAll(PLACEHOLDER)) {
    bytes -= placeholder.length;
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return { bytes, uses };
}

/** Bytes that the text has for one recipient. */
export function renderedBytes(template: Template, variables: Variables, escape: Escape): number {
  let bytes = template.bytes;
  for (const [name, value] of Object.entries(variables)) {
    const uses = template.uses.get(name) ?? 0;
    if (uses > 0) bytes += uses * utf8Length(escape(value));
  }
  return bytes;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

/** A value as text or quoted attribute of HTML. */
export function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => ENTITIES.get(character) ?? "");
}

/** A value where nothing has a meaning: the text part. */
export function verbatim(value: string): string {
  return value;
}
