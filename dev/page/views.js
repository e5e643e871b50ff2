/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// The right half of the mailbox page: one message, one webhook, or why there is none. Everything a
// message contains is put in as text; its HTML only into a sandboxed frame.
import { bytes, facts, get, make, parse, pretty, rows } from "./dom.js";

/**
 * @typedef {{ id: string, at: string, mail_from: string, rcpt_to: string[], subject: string, size: number }} Envelope
 * @typedef {{ index: number, filename: string, type: string, size: number }} Attachment
 * @typedef {Envelope & { from: string, headers: { name: string, value: string }[], text: string | null, html: string | null, attachments: Attachment[] }} Mail
 * @typedef {{ id: string, at: string, headers: Record<string, string>, body: string, verified: boolean }} Hook
 * @typedef {{ base_url: string, relay: "local" | "other", relay_smtp: string }} About
 */

/** HTML that would load something from another server. */
const REMOTE_PICTURE = /(?:src|srcset|background)\s*=\s*["']?\s*https?:|url\(\s*["']?https?:/i;

/** The tab that was used last. */
let tab = "";

/**
 * @param {string} id
 * @returns {Promise<Node[]>}
 */
export async function mailView(id) {
  /** @type {Mail} */
  let mail;
  try {
    mail = await get(`/api/messages/${id}`);
  } catch {
    return [back("messages"), notice("This message is no longer here.")];
  }
  const from = mail.from || mail.mail_from || "<>";
  const panel = make("div", { class: "panel", role: "tabpanel" }, []);
  return [
    back("messages"),
    make("h2", {}, [mail.subject || "(no subject)"]),
    facts([
      ["From", from],
      ["To", mail.rcpt_to.join(", ")],
      ["Return path", mail.mail_from || "<>"],
      ["Received", `${new Date(mail.at).toLocaleString()} · ${bytes(mail.size)}`],
    ]),
    tabsOf(mail, panel),
    panel,
  ];
}

/**
 * @param {Mail} mail
 * @param {HTMLElement} panel
 */
function tabsOf(mail, panel) {
  /** @type {[name: string, show: () => (Node | string)[]][]} */
  const tabs = [];
  if (mail.html !== null) tabs.push(["HTML", () => htmlView(mail, panel, false)]);
  if (mail.text !== null) tabs.push(["Text", () => [make("pre", {}, [mail.text ?? ""])]]);
  tabs.push(["Headers", () => [rows(mail.headers.map((one) => [one.name, one.value]))]]);
  tabs.push(["Source", () => sourceView(mail.id)]);
  const files = mail.attachments.length;
  if (files > 0) tabs.push([`Attachments (${files})`, () => [filesView(mail)]]);
  const buttons = tabs.map(([name]) => make("button", { type: "button", role: "tab" }, [name]));
  /** @param {number} index */
  const choose = (index) => {
    buttons.forEach((button, at) => {
      button.setAttribute("aria-selected", String(at === index));
      button.tabIndex = at === index ? 0 : -1;
    });
    tab = tabs[index]?.[0] ?? "";
    panel.replaceChildren(...(tabs[index]?.[1]() ?? []));
  };
  buttons.forEach((button, index) => button.addEventListener("click", () => choose(index)));
  const list = make("div", { class: "tabs", role: "tablist", "aria-label": "Views" }, buttons);
  list.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const at = buttons.findIndex((button) => button === document.activeElement);
    if (step === 0 || at === -1) return;
    const next = (at + step + buttons.length) % buttons.length;
    choose(next);
    buttons[next]?.focus();
  });
  choose(
    Math.max(
      0,
      tabs.findIndex(([name]) => name === tab),
    ),
  );
  const download = { class: "button end", href: `/api/messages/${mail.id}/raw`, download: "" };
  return make("div", { class: "tabs" }, [list, make("a", download, ["Download .eml"])]);
}

/**
 * The HTML part in a frame that may run nothing. Pictures from elsewhere only when asked for.
 * @param {Mail} mail
 * @param {HTMLElement} panel
 * @param {boolean} remote
 * @returns {Node[]}
 */
function htmlView(mail, panel, remote) {
  const frame = make(
    "iframe",
    {
      title: "The message",
      sandbox: "allow-popups allow-popups-to-escape-sandbox",
      src: `/api/messages/${mail.id}/html${remote ? "?remote" : ""}`,
    },
    [],
  );
  if (remote || !REMOTE_PICTURE.test(mail.html ?? "")) return [frame];
  const button = make("button", { type: "button" }, ["Load them"]);
  button.addEventListener("click", () => panel.replaceChildren(...htmlView(mail, panel, true)));
  const note = make("span", {}, ["Pictures from other servers are not loaded."]);
  return [make("div", { class: "bar" }, [note, button]), frame];
}

/** @param {string} id */
function sourceView(id) {
  const source = make("pre", {}, ["…"]);
  fetch(`/api/messages/${id}/raw`).then(
    async (response) => (source.textContent = await response.text()),
    () => (source.textContent = "The source could not be loaded."),
  );
  return [source];
}

/** @param {Mail} mail */
function filesView(mail) {
  return make(
    "ul",
    { class: "files" },
    mail.attachments.map((file) => {
      const href = `/api/messages/${mail.id}/attachments/${file.index}`;
      return make("li", {}, [
        make("strong", {}, [file.filename]),
        make("span", {}, [`${file.type} · ${bytes(file.size)}`]),
        make("a", { href, download: file.filename, class: "button" }, ["Download"]),
      ]);
    }),
  );
}

/**
 * @param {Hook | undefined} hook
 * @returns {Node[]}
 */
export function hookView(hook) {
  if (!hook) return [back("hooks"), notice("This webhook is no longer here.")];
  const badge = hook.verified
    ? make("span", { class: "badge good" }, ["✓ Signature verified"])
    : make("span", { class: "badge bad" }, ["✗ Signature not verified"]);
  return [
    back("hooks"),
    make("h2", {}, [hookLine(hook).title]),
    facts([
      ["Signature", badge],
      ["Received", new Date(hook.at).toLocaleString()],
      ["Event id", hook.headers["webhook-id"] ?? "none"],
    ]),
    make("h3", { class: "part" }, ["Body"]),
    make("div", { class: "panel whole" }, [make("pre", {}, [pretty(hook.body)])]),
    make("h3", { class: "part" }, ["Headers"]),
    make("div", { class: "panel whole" }, [rows(Object.entries(hook.headers))]),
  ];
}

/**
 * What the list says of a webhook: its event, whether its signature held, and about whom.
 * @param {Hook} hook
 */
export function hookLine(hook) {
  const body = parse(hook.body);
  /** @param {string[]} names */
  const first = (names) =>
    names.map((name) => body[name]).find((value) => typeof value === "string");
  const mark = hook.verified ? "✓ verified" : "✗ not verified";
  const whom = first(["recipient_email", "email", "recipient"]);
  return {
    id: hook.id,
    at: hook.at,
    title: [first(["event", "event_type", "type"]) ?? "webhook", first(["status"])]
      .filter(Boolean)
      .join(" · "),
    more: whom ? `${mark} · ${whom}` : mark,
  };
}

/**
 * What stands on the right when nothing is chosen.
 * @param {"messages" | "hooks"} view
 * @param {boolean} empty
 * @param {About | null} about
 */
export function nothing(view, empty, about) {
  if (!empty)
    return make("div", { class: "empty" }, ["Choose an entry on the left. J and K move."]);
  if (view === "hooks") {
    return notice("No webhooks yet", "Every event of an email you send is posted here, signed.");
  }
  if (about?.relay === "other") {
    return notice("Mail goes to your relay", "RELAY_URL is set, so this page shows webhooks only.");
  }
  const where = `Post to ${about?.base_url ?? ""}/v1/send-email, or speak SMTP to ${about?.relay_smtp ?? ""}.`;
  return notice("No mail yet", where);
}

/**
 * @param {string} title
 * @param {string} [text]
 */
function notice(title, text = "") {
  return make("div", { class: "empty" }, [make("h2", {}, [title]), make("p", {}, [text])]);
}

/** @param {"messages" | "hooks"} view */
function back(view) {
  return make("a", { class: "button back", href: `#/${view}` }, ["← All"]);
}
