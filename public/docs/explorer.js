/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// The API explorer: lists the operations of /openapi.json and shows the one that the address names.
import { make, typed } from "./dom.js";
import { operationsOf } from "./openapi.js";
import { operationView } from "./operation.js";

const key = typed("key", HTMLInputElement);
const search = typed("search", HTMLInputElement);
const list = typed("operations", HTMLElement);
const shown = typed("operation", HTMLElement);

start().catch((error) => shown.replaceChildren(make("p", { class: "bad" }, [String(error)])));

async function start() {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`/openapi.json: ${response.status}`);
  const operations = operationsOf(await response.json());
  const show = () => showOperation(operations);
  window.addEventListener("hashchange", show);
  search.addEventListener("input", () => showList(operations));
  showList(operations);
  show();
}

/** @param {import("./openapi.js").Operation[]} operations */
function showOperation(operations) {
  const id = decodeURIComponent(location.hash.slice(1));
  const chosen = operations.find((one) => one.id === id) ?? operations[0];
  if (!chosen) return;
  document.title = `${chosen.method} ${chosen.path} · Edgepost API`;
  key.placeholder = chosen.security.scheme === "basic" ? "org_id:api_key" : "ep_live_…";
  key.title = chosen.security.description;
  shown.replaceChildren(...operationView(chosen, () => key.value.trim()));
  for (const link of list.querySelectorAll("a")) {
    const isCurrent = link.hash === `#${chosen.id}`;
    if (isCurrent) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    if (isCurrent) link.closest("details")?.setAttribute("open", "");
  }
  shown.scrollTo(0, 0);
}

/** @param {import("./openapi.js").Operation[]} operations */
function showList(operations) {
  const wanted = search.value.trim().toLowerCase();
  const found = operations.filter(({ method, path, summary }) =>
    `${method} ${path} ${summary}`.toLowerCase().includes(wanted),
  );
  const dialects = [...new Set(found.map(({ dialect }) => dialect))];
  list.replaceChildren(
    ...dialects.flatMap((dialect) => {
      const own = found.filter((one) => one.dialect === dialect);
      const tags = [...new Set(own.map(({ tag }) => tag))];
      const groups = tags.map((tag) => {
        const links = own.filter((one) => one.tag === tag).map(linkTo);
        const open = wanted === "" ? {} : { open: "" };
        return make("details", open, [make("summary", {}, [tag]), make("ol", {}, links)]);
      });
      return [make("h2", {}, [dialect]), ...groups];
    }),
    ...(found.length === 0 ? [make("p", { class: "quiet" }, ["Nothing is called so."])] : []),
  );
}

/** @param {import("./openapi.js").Operation} operation */
function linkTo({ id, method, path, summary }) {
  return make("li", {}, [
    make("a", { href: `#${id}`, title: summary }, [
      make("span", { class: `method ${method.toLowerCase()}` }, [method]),
      " ",
      make("span", {}, [path]),
    ]),
  ]);
}
