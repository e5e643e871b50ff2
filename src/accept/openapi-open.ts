// What the Worker answers without an API key, beside the dialects: links of mail and of files, events of
// relays, and what tells about itself. Each proves itself otherwise, or tells nothing that is not public.
import { INTAKE_PATH } from "../model/intake.ts";
import { LINK_PATHS } from "../model/link.ts";
import { FRONT_PATH } from "./front-door.ts";
import type { JsonSchema } from "./json-schema.ts";

/** Path of the answer that asks nothing of anybody. */
export const ALIVE_PATH = "/healthz";
/** Path of the whole document; `/openapi/<dialect>.json` are parts of it. */
export const DOCUMENT_PATH = "/openapi.json";
/** The explorer, in public/. */
const EXPLORER_PATH = "/docs";

type Open = {
  readonly method: "get" | "post";
  readonly path: string;
  readonly summary: string;
  /** Media type of a body. */
  readonly takes?: string;
  /** What is answered, by status. */
  readonly answers: Readonly<Record<number, string>>;
};

const LINK_GONE = { 404: "This link is not one of ours, or was changed" };
const AGAIN = { 503: "Storage did not answer; try again" };

const OPEN: readonly Open[] = [
  {
    method: "get",
    path: FRONT_PATH,
    summary: "The front door",
    answers: { 302: "To the portal", 308: "To its webhooks, from the old sub-domain `webhook.`" },
  },
  {
    method: "get",
    path: ALIVE_PATH,
    summary: "Whether the Worker answers",
    answers: { 200: "It does" },
  },
  {
    method: "get",
    path: DOCUMENT_PATH,
    summary: "This document",
    answers: { 200: "OpenAPI 3.1" },
  },
  {
    method: "get",
    path: "/openapi/{dialect}.json",
    summary: "The part of this document that is one API",
    answers: { 200: "OpenAPI 3.1", 404: "No API is called so" },
  },
  {
    method: "get",
    path: EXPLORER_PATH,
    summary: "This document as a page to try it with",
    answers: { 200: "HTML" },
  },
  {
    method: "get",
    path: `${LINK_PATHS.open}{token}.gif`,
    summary: "The pixel of a mail: an open",
    answers: { 200: "A transparent GIF", ...LINK_GONE },
  },
  {
    method: "get",
    path: `${LINK_PATHS.click}{token}`,
    summary: "A link of a mail: a click",
    answers: { 302: "To where the link leads", ...LINK_GONE },
  },
  {
    method: "get",
    path: `${LINK_PATHS.unsubscribe}{token}`,
    summary: "The page that asks whether to unsubscribe; it changes nothing",
    answers: { 200: "HTML", ...LINK_GONE, ...AGAIN },
  },
  {
    method: "post",
    path: `${LINK_PATHS.unsubscribe}{token}`,
    summary: "Unsubscribe, by one click (RFC 8058) or from the page",
    takes: "application/x-www-form-urlencoded",
    answers: {
      200: "Unsubscribed",
      303: "Unsubscribed; to the sender's own page",
      400: "Not the form of either",
      ...LINK_GONE,
      ...AGAIN,
    },
  },
  {
    method: "get",
    path: `${LINK_PATHS.export}{token}`,
    summary: "The file of a finished export",
    answers: { 200: "The file", ...LINK_GONE, 410: "It has expired or was deleted", ...AGAIN },
  },
  {
    method: "post",
    path: `${INTAKE_PATH}{relay}`,
    summary: "Events of a relay's vendor, proved by its signature or password",
    takes: "application/json",
    answers: {
      200: "Recorded",
      400: "Not what this vendor sends",
      401: "Not proved",
      404: "This relay has no intake",
      413: "Too large",
      ...AGAIN,
    },
  },
];

/** Their paths, for the whole document. */
export function openPaths(): Readonly<Record<string, JsonSchema>> {
  const paths: Record<string, JsonSchema> = {};
  for (const one of OPEN) paths[one.path] = { ...paths[one.path], [one.method]: operationOf(one) };
  return paths;
}

/** The tag of all of them. */
export const OPEN_TAG = "without a key";

function operationOf({ method, path, summary, takes, answers }: Open): JsonSchema {
  const words = path.split(/[^a-z]+/).filter((word) => word !== "");
  return {
    tags: [OPEN_TAG],
    operationId: ["open", method, ...words].join("-"),
    summary,
    description: "Needs no key.",
    security: [],
    parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...(takes ? { requestBody: { required: true, content: { [takes]: {} } } } : {}),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, description]) => [status, { description }]),
    ),
  };
}
