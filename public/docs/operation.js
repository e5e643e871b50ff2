/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// One operation: what it takes and answers, and a form to try it with.
import { make } from "./dom.js";
import { exampleOf } from "./openapi.js";
import { callOf, curlOf } from "./request.js";
import { schemaList } from "./schema.js";

/** An answer that is longer is cut: a page is no place for it. */
const MAX_SHOWN = 200_000;

/**
 * @param {import("./openapi.js").Operation} operation
 * @param {() => string} key
 * @returns {HTMLElement[]}
 */
export function operationView(operation, key) {
  return [
    make("h2", {}, [
      make("span", { class: `method ${operation.method.toLowerCase()}` }, [operation.method]),
      " ",
      make("code", {}, [operation.path]),
    ]),
    make("p", { class: "summary" }, [operation.summary]),
    make("p", { class: "quiet" }, [plain(operation.description)]),
    tryForm(operation, key),
    ...operation.bodies.map(({ type, schema }) =>
      section(`Body: ${type}`, [schemaList(schema)], true),
    ),
    make("h3", {}, ["Answers"]),
    ...operation.answers.map(answerView),
  ];
}

/** @param {string} markdown */
function plain(markdown) {
  return markdown.replaceAll("`", "");
}

/**
 * @param {string} title
 * @param {(Node | string)[]} parts
 * @param {boolean} open
 */
function section(title, parts, open) {
  return make("details", open ? { open: "", class: "part" } : { class: "part" }, [
    make("summary", {}, [title]),
    ...parts,
  ]);
}

/** @param {import("./openapi.js").AnswerOf} answer */
function answerView({ status, description, type, schema, examples }) {
  const parts = [
    ...(type === "" ? [] : [make("p", { class: "quiet" }, [type])]),
    ...(schema ? [schemaList(schema)] : []),
    ...examples.map(([, value]) => make("pre", {}, [JSON.stringify(value, null, 2)])),
  ];
  return section(`${status} ${description}`, parts, false);
}

/**
 * @param {import("./openapi.js").Operation} operation
 * @param {() => string} key
 */
function tryForm(operation, key) {
  const inputs = operation.parameters.map((parameter) => ({ parameter, input: input(parameter) }));
  const type = make(
    "select",
    { "aria-label": "Media type" },
    operation.bodies.map((body) => make("option", {}, [body.type])),
  );
  const body = make("textarea", { rows: "12", spellcheck: "false", "aria-label": "Body" }, []);
  const fill = () => {
    const chosen = operation.bodies.find((one) => one.type === type.value);
    const isJson = chosen?.type === "application/json";
    body.value = isJson ? JSON.stringify(exampleOf(chosen.schema), null, 2) : "";
  };
  fill();
  type.addEventListener("change", fill);
  const curl = make("pre", { class: "curl" }, []);
  const answer = make("div", { class: "answer", role: "status" }, []);
  const call = () => {
    const values = Object.fromEntries(
      inputs.map(({ parameter, input }) => [`${parameter.in} ${parameter.name}`, input.value]),
    );
    const filled = { key: key(), values, type: type.value, body: body.value };
    return callOf(operation, filled, location.origin);
  };
  const show = () => curl.replaceChildren(curlOf(call(), operation.security));
  const form = make("form", { class: "try" }, [
    make("h3", {}, ["Try it"]),
    ...inputs.map(({ parameter, input }) => labelled(parameter, input)),
    ...(operation.bodies.length > 1 ? [type] : []),
    ...(operation.bodies.length > 0 ? [body] : []),
    make("button", { type: "submit", class: "send" }, ["Send"]),
    curl,
    answer,
  ]);
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
    send(call()).then(
      (parts) => answer.replaceChildren(...parts),
      (error) => answer.replaceChildren(make("p", { class: "bad" }, [String(error)])),
    );
  });
  show();
  return form;
}

/** @param {import("./openapi.js").Parameter} parameter */
function input({ required, schema }) {
  if (schema["enum"]) {
    const options = schema["enum"].map((/** @type {string} */ one) => make("option", {}, [one]));
    const empty = required ? [] : [make("option", { value: "" }, ["—"])];
    return make("select", {}, [...empty, ...options]);
  }
  const example = schema["examples"]?.[0] ?? schema["default"] ?? "";
  return make(
    "input",
    {
      ...(required ? { required: "" } : {}),
      placeholder: String(example),
      autocomplete: "off",
      spellcheck: "false",
    },
    [],
  );
}

/**
 * @param {import("./openapi.js").Parameter} parameter
 * @param {HTMLElement} input
 */
function labelled(parameter, input) {
  const { name, required, description } = parameter;
  return make("label", { title: description ?? "" }, [
    make("span", {}, [
      make("code", {}, [name]),
      ` ${parameter.in}`,
      ...(required ? [make("b", { class: "must" }, [" required"])] : []),
    ]),
    input,
  ]);
}

/**
 * @param {import("./request.js").Call} call
 * @returns {Promise<HTMLElement[]>}
 */
async function send({ method, url, auth, headers, body }) {
  const start = performance.now();
  const all = auth ? [auth, ...headers] : headers;
  const response = await fetch(url, { method, headers: all, body, credentials: "omit" });
  const text = await response.text();
  const ms = Math.round(performance.now() - start);
  const fields = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  return [
    make("p", { class: response.ok ? "good" : "bad" }, [
      make("b", {}, [`${response.status} ${response.statusText}`]),
      ` in ${ms} ms`,
    ]),
    section("Header fields", [make("pre", {}, [fields])], false),
    make("pre", {}, [pretty(text).slice(0, MAX_SHOWN)]),
  ];
}

/** @param {string} text */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
