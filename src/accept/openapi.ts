// GET /openapi.json and /openapi/<dialect>.json (E-03): the definitions of the endpoints as an OpenAPI 3.1
// document. No second description exists; what is missing here is missing in a definition.
import type { Answer, Dialect, Endpoint } from "./endpoint.ts";
import type { JsonSchema } from "./json-schema.ts";
import { DOCUMENT_PATH, OPEN_TAG, openPaths } from "./openapi-open.ts";
import { components, operation, type Shared } from "./openapi-operation.ts";

/** The version of the API, which is the package's. */
export const API_VERSION = "0.1.0";

/** Paths of the documents of one dialect. */
const ONE_DIALECT = /^\/openapi\/([a-z-]+)\.json$/;

/** An OpenAPI 3.1 document. */
export type OpenApiDocument = JsonSchema & {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, JsonSchema>>;
};

/** Answers a request for a document; null when the path is none of one. */
export function answerOpenapi(dialects: readonly Dialect[], request: Request): Answer | null {
  const { pathname } = new URL(request.url);
  const name = ONE_DIALECT.exec(pathname)?.[1];
  if (pathname !== DOCUMENT_PATH && name === undefined) return null;
  const chosen = shownOf(dialects).filter((dialect) => name === undefined || dialect.name === name);
  if (chosen.length === 0) return null;
  if (request.method !== "GET" && request.method !== "HEAD") {
    return { status: 405, bytes: null, headers: { Allow: "GET, HEAD" } };
  }
  const whole = name === undefined;
  const bytes = request.method === "HEAD" ? null : textOf(chosen, whole);
  return { status: 200, bytes, headers: HEADERS };
}

/** Read by tools of other origins too: it holds nothing that is not public. */
const HEADERS = { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*" };

/** Made when it is first asked for, once in an isolate. */
const texts = new Map<string, string>();

function textOf(dialects: readonly Dialect[], whole: boolean): string {
  const name = whole ? "" : dialects.map((dialect) => dialect.name).join(" ");
  const made = () => (whole ? wholeDocument(dialects) : openapi(dialects));
  const text = texts.get(name) ?? JSON.stringify(made());
  texts.set(name, text);
  return text;
}

/** /v1 first, whatever the order they are mounted in. */
function shownOf(dialects: readonly Dialect[]): readonly Dialect[] {
  return dialects
    .filter(({ hidden }) => hidden !== true)
    .toSorted((a, b) => (a.base < b.base ? 1 : -1));
}

/** The document of all dialects, and of what is answered without a key. */
export function wholeDocument(dialects: readonly Dialect[]): OpenApiDocument {
  const document = openapi(dialects);
  const tags = [...document.tags, { name: OPEN_TAG }];
  return { ...document, tags, paths: { ...document.paths, ...openPaths() } };
}

/** The document of some dialects; hidden ones are left out. */
export function openapi(dialects: readonly Dialect[]): OpenApiDocument {
  const shown = shownOf(dialects);
  const tags = new Set<string>();
  const shared: Shared = new Map();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const dialect of shown) {
    for (const endpoints of operationsOf(dialect)) {
      const [first] = endpoints;
      const path = dialect.base + first.path.replaceAll(/:(\w+)/g, "{$1}");
      const tag = tagOf(dialect, first);
      tags.add(tag);
      const made = { tags: [tag], ...operation(dialect, endpoints, shared) };
      paths[path] = { ...paths[path], [first.method.toLowerCase()]: made };
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Edgepost",
      version: API_VERSION,
      description: "Accepts email, delivers it, and tells what became of every recipient.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This deployment" }],
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: components(shown, shared),
  };
}

type SameOperation = readonly [Endpoint, ...Endpoint[]];

/** Endpoints by path and method: those that differ in the media type they take are one operation. */
function operationsOf({ endpoints }: Dialect): readonly SameOperation[] {
  const operations = new Map<string, SameOperation>();
  for (const endpoint of endpoints) {
    const name = `${endpoint.method} ${endpoint.path}`;
    const [first, ...others] = operations.get(name) ?? [];
    operations.set(name, first ? [first, ...others, endpoint] : [endpoint]);
  }
  return [...operations.values()];
}

/** The resource of an operation: the first word of its path that is no parameter. */
function tagOf({ name }: Dialect, { path }: Endpoint): string {
  const word = path.split("/").find((part) => part !== "" && !part.startsWith(":"));
  return name === "kasplo" ? (word ?? name) : `${name} ${word ?? ""}`.trim();
}
