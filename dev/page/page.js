/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// The mailbox page: the list on the left and what is chosen. The address after # says what is shown,
// so that every message has a link.
import { byId, get, make, setCurrent, timeOf, typed } from "./dom.js";
import { hookLine, hookView, mailView, nothing } from "./views.js";

/**
 * @typedef {import("./views.js").Envelope} Envelope
 * @typedef {import("./views.js").Hook} Hook
 * @typedef {import("./views.js").About} About
 */

const items = byId("items");
const detail = byId("detail");
const search = typed("search", HTMLInputElement);
const clear = typed("clear", HTMLButtonElement);

/** @type {Envelope[]} */
let messages = [];
/** @type {Hook[]} */
let hooks = [];
/** @type {About | null} */
let about = null;
/** What the detail shows now, so that news does not redraw it. */
let shown = "";

addEventListener("hashchange", draw);
addEventListener("keydown", onKey);
search.addEventListener("input", drawList);
clear.addEventListener("click", () => void deleteAll());
connect();
await refresh();

function connect() {
  const live = byId("live");
  const source = new EventSource("/api/changes");
  source.addEventListener("open", () => {
    live.textContent = "Live";
    live.className = "on";
    void refresh();
  });
  source.addEventListener("error", () => {
    live.textContent = "Not running";
    live.className = "";
  });
  source.addEventListener("message", () => void refresh());
}

async function refresh() {
  try {
    [messages, hooks, about] = await Promise.all([
      get("/api/messages"),
      get("/api/hooks"),
      get("/api/about"),
    ]);
  } catch {
    // Nothing answers: the line at the top says so, and it is tried again when it comes back.
    return;
  }
  byId("count-messages").textContent = String(messages.length);
  byId("count-hooks").textContent = String(hooks.length);
  draw();
}

/** @returns {{ view: "messages" | "hooks", id: string }} */
function place() {
  const [, view = "", id = ""] = location.hash.split("/");
  return { view: view === "hooks" ? "hooks" : "messages", id };
}

function draw() {
  drawList();
  const { view, id } = place();
  document.body.classList.toggle("reading", id !== "");
  const empty = view === "hooks" ? hooks.length === 0 : messages.length === 0;
  const next = `${view}/${id}/${empty}`;
  if (next === shown) return;
  shown = next;
  if (id === "") detail.replaceChildren(nothing(view, empty, about));
  else if (view === "hooks")
    detail.replaceChildren(...hookView(hooks.find((one) => one.id === id)));
  else void drawMail(id);
}

function drawList() {
  const { view, id } = place();
  for (const link of document.querySelectorAll("[data-view]")) {
    setCurrent(link, link.getAttribute("data-view") === view);
  }
  const words = search.value.trim().toLowerCase();
  const lines = view === "hooks" ? hooks.map(hookLine) : messages.map(mailLine);
  const found = lines.filter((line) => `${line.title} ${line.more}`.toLowerCase().includes(words));
  clear.disabled = lines.length === 0;
  const focused = document.activeElement?.getAttribute("href");
  items.replaceChildren(
    ...found.map((line) => {
      const href = `#/${view}/${line.id}`;
      const link = make("a", { href }, [
        make("strong", {}, [line.title]),
        timeOf(line.at),
        make("span", {}, [line.more]),
      ]);
      setCurrent(link, line.id === id);
      return make("li", {}, [link]);
    }),
  );
  for (const link of items.querySelectorAll("a")) {
    if (focused && link.getAttribute("href") === focused) link.focus();
  }
}

/** @param {Envelope} mail */
function mailLine(mail) {
  // The return path is another one for each mail; it stands beside the mail itself.
  const people = `to ${mail.rcpt_to.join(", ")}`;
  return { id: mail.id, at: mail.at, title: mail.subject || "(no subject)", more: people };
}

/** @param {string} id */
async function drawMail(id) {
  const view = await mailView(id);
  if (place().id === id) detail.replaceChildren(...view);
}

async function deleteAll() {
  const { view } = place();
  const what = view === "hooks" ? `${hooks.length} webhooks` : `${messages.length} messages`;
  if (!confirm(`Delete ${what}?`)) return;
  await fetch(`/api/${view}`, { method: "DELETE" });
  location.hash = `#/${view}`;
  await refresh();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.target === search || event.metaKey || event.ctrlKey || event.altKey) return;
  const step = event.key === "j" ? 1 : event.key === "k" ? -1 : 0;
  if (event.key === "/") {
    event.preventDefault();
    search.focus();
  }
  if (event.key === "Escape" && place().id) location.hash = `#/${place().view}`;
  if (step === 0) return;
  const links = [...items.querySelectorAll("a")];
  const at = links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[at === -1 ? 0 : at + step];
  next?.focus();
  next?.click();
}
