// From an operation and what was filled in to the request that is sent, and to the same request as curl. Pure.

/**
 * @typedef {{
 *   key: string, values: Record<string, string>, type: string, body: string,
 * }} Filled `values` by place and name of a parameter, such as `query limit`.
 * @typedef {{
 *   method: string, url: string, auth: [string, string] | null, headers: [string, string][],
 *   body: string | null,
 * }} Call `auth` is the header field that shows the key.
 */

/**
 * @param {import("./openapi.js").Operation} operation
 * @param {Filled} filled
 * @param {string} origin
 * @returns {Call}
 */
export function callOf(operation, { key, values, type, body }, origin) {
  const given = operation.parameters.map((one) => ({
    ...one,
    value: values[`${one.in} ${one.name}`] ?? "",
  }));
  const path = given
    .filter((one) => one.in === "path")
    .reduce(
      (text, { name, value }) => text.replace(`{${name}}`, () => encodeURIComponent(value)),
      operation.path,
    );
  const query = given
    .filter((one) => one.in === "query" && one.value !== "")
    .map(({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
  /** @type {[string, string][]} */
  const headers = given
    .filter((one) => one.in === "header" && one.value !== "")
    .map(({ name, value }) => [name, value]);
  const takesBody = operation.bodies.length > 0;
  return {
    method: operation.method,
    url: origin + path + (query && `?${query}`),
    auth: keyHeader(operation.security, key),
    headers: [
      ...(takesBody ? [/** @type {[string, string]} */ (["Content-Type", type])] : []),
      ...headers,
    ],
    body: takesBody ? body : null,
  };
}

/**
 * @param {import("./openapi.js").Security} security
 * @param {string} key
 * @returns {[string, string] | null}
 */
function keyHeader({ type, scheme, name = "" }, key) {
  if (key === "" || type === "none") return null;
  if (type === "apiKey") return [name, key];
  return ["Authorization", scheme === "basic" ? `Basic ${base64(key)}` : `Bearer ${key}`];
}

/** @param {string} text */
function base64(text) {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}

/**
 * The call for a shell. The key is a variable there: what is copied is passed on.
 * @param {Call} call
 * @param {import("./openapi.js").Security} security
 */
export function curlOf({ method, url, headers, body }, { type, scheme, name }) {
  const bearer = '-H "Authorization: Bearer $API_KEY"';
  const login = scheme === "basic" ? '-u "$API_KEY"' : bearer;
  const key = type === "apiKey" ? `-H "${name}: $API_KEY"` : login;
  return [
    `curl -i -X ${method} ${quoted(url)}`,
    ...(type === "none" ? [] : [key]),
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === null ? [] : [`--data-binary ${quoted(body)}`]),
  ].join(" \\\n  ");
}

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
