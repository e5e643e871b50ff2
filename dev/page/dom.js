/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// Small pieces that both halves of the mailbox page are made of. Values go in as text, never as HTML.

/** @param {[string, string | Node][]} entries */
export function facts(entries) {
  return make(
    "dl",
    { class: "facts" },
    entries.flatMap(([name, value]) => [make("dt", {}, [name]), make("dd", {}, [value])]),
  );
}

/** @param {[string, string][]} entries */
export function rows(entries) {
  return make(
    "dl",
    { class: "rows" },
    entries.flatMap(([name, value]) => [make("dt", {}, [name]), make("dd", {}, [value])]),
  );
}

/** @param {string} at */
export function timeOf(at) {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  const text = today ? date.toLocaleTimeString() : date.toLocaleDateString();
  return make("time", { datetime: at, title: date.toLocaleString() }, [text]);
}

/** @param {number} count */
export function bytes(count) {
  if (count < 1_000) return `${count} B`;
  return count < 1_000_000
    ? `${(count / 1_000).toFixed(1)} kB`
    : `${(count / 1_000_000).toFixed(1)} MB`;
}

/** @param {string} text */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/**
 * @param {string} text
 * @returns {Record<string, unknown>}
 */
export function parse(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/**
 * @param {Element} element
 * @param {boolean} current
 */
export function setCurrent(element, current) {
  if (current) element.setAttribute("aria-current", "true");
  else element.removeAttribute("aria-current");
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes, children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {string} path */
export async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()).data;
}

/** @param {string} id */
export function byId(id) {
  return typed(id, HTMLElement);
}

/**
 * The element of the page with an id, as what it must be.
 * @template {HTMLElement} Type
 * @param {string} id
 * @param {new () => Type} type
 */
export function typed(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${id}`);
  return element;
}
