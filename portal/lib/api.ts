// Asks the native API, the same one that keys use elsewhere. The browser adds the session's cookie; here come a
// deadline, and an ApiError of every failure that says what to do.

import { linesIn, readParts } from "./stream.ts";

let tell: () => void = () => undefined;

/** Who is told when an answer says that the session has ended. */
export function onSessionEnd(listener: () => void): void {
  tell = listener;
}

/** Nothing that the portal asks takes longer on a Worker that works. */
const DEADLINE_MS = 15_000;

/** Forty megabytes over a slow line. */
const UPLOAD_DEADLINE_MS = 300_000;

/** A refusal or a broken connection, in words for people. */
export class ApiError extends Error {
  readonly status: number;
  /** What support can look for in the Worker's log; null when no answer came. */
  readonly requestId: string | null;
  /** `error.code` of the answer, for what a screen acts on. */
  readonly code: string | null;

  constructor(
    message: string,
    status: number,
    requestId: string | null,
    code: string | null = null,
  ) {
    super(message);
    this.status = status;
    this.requestId = requestId;
    this.code = code;
  }
}

/** Values of the query; empty ones are left out. */
export type Query = Readonly<Record<string, string | number | null | undefined>>;

/** A page of a list. */
export type Page<T> = { readonly data: readonly T[]; readonly next_cursor: string | null };

/** `data` of an answer to GET. Throws ApiError. */
export async function get<T>(path: string, query: Query = {}): Promise<T> {
  const { data }: { data: T } = await readJson(await call("GET", `${path}${queryOf(query)}`));
  return data;
}

/** The whole answer to GET, where more than a page stands in it. Throws ApiError. */
export async function getAnswer<T>(path: string, query: Query): Promise<T> {
  return readJson<T>(await call("GET", `${path}${queryOf(query)}`));
}

/** One page of a list. Throws ApiError. */
export function getPage<T>(path: string, query: Query): Promise<Page<T>> {
  return getAnswer<Page<T>>(path, query);
}

/** The bytes of an answer that is no JSON. Throws ApiError. */
export async function getBytes(path: string, query: Query = {}): Promise<Uint8Array<ArrayBuffer>> {
  const response = await call("GET", `${path}${queryOf(query)}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Posts JSON; the whole answer. Throws ApiError. */
export async function post<T>(path: string, body: unknown): Promise<T> {
  return readJson<T>(await call("POST", path, body));
}

/** Changes parts of what a path names; the whole answer. Throws ApiError. */
export async function patch<T>(path: string, body: unknown): Promise<T> {
  return readJson<T>(await call("PATCH", path, body));
}

/** Sets what a path names; the whole answer. Throws ApiError. */
export async function put<T>(path: string, body: unknown): Promise<T> {
  return readJson<T>(await call("PUT", path, body));
}

/** Posts a file of this media type; the whole answer. A large one takes its time. Throws ApiError. */
export async function upload<T>(path: string, file: Blob, type: string): Promise<T> {
  const headers = { accept: "application/json", "content-type": type };
  const signal = AbortSignal.timeout(UPLOAD_DEADLINE_MS);
  return readJson<T>(await answered(fetch(path, { method: "POST", headers, body: file, signal })));
}

/** Posts a file that is answered line by line; hands on what each says. Throws ApiError. */
export async function uploadLines<T>(
  path: string,
  { file, type }: { readonly file: Blob; readonly type: string },
  take: (line: T) => void,
): Promise<void> {
  const signal = AbortSignal.timeout(UPLOAD_DEADLINE_MS);
  const headers = { "content-type": type };
  const { body } = await answered(fetch(path, { method: "POST", headers, body: file, signal }));
  if (body) await readParts(body, linesIn, (line) => take(JSON.parse(line)));
}

/** Deletes what a path names; the whole answer. Throws ApiError. */
export async function remove<T>(path: string, body?: unknown): Promise<T> {
  return readJson<T>(await call("DELETE", path, body));
}

/** Opens a stream of server-sent events; lives until the signal ends it. Throws ApiError. */
export function openStream(path: string, query: Query, signal: AbortSignal): Promise<Response> {
  const headers = { accept: "text/event-stream" };
  return answered(fetch(`${path}${queryOf(query)}`, { headers, signal }));
}

/** The part of a URL behind the path. */
export function queryOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

function call(method: string, path: string, body?: unknown): Promise<Response> {
  return answered(
    fetch(path, {
      method,
      signal: AbortSignal.timeout(DEADLINE_MS),
      headers: { accept: "application/json", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
}

async function answered(asked: Promise<Response>): Promise<Response> {
  const response = await asked.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("Edgepost does not answer. Check your connection, then try again.", 0, null);
  });
  if (response.ok) return response;
  const requestId = response.headers.get("x-request-id");
  const body: unknown = await response.json().catch(() => null);
  if (response.status === 401) tell();
  throw new ApiError(messageOf(response.status, body), response.status, requestId, codeOf(body));
}

function messageOf(status: number, body: unknown): string {
  const said = errorText(body) ?? `Edgepost answered ${status}.`;
  if (status === 429) return `${said} Wait a moment, then try again.`;
  return said;
}

function codeOf(body: unknown): string | null {
  if (typeof body !== "object" || body === null || !("error" in body)) return null;
  const { error } = body;
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/** `error` of the native API, or `message` of the send operations. */
function errorText(body: unknown): string | null {
  if (typeof body !== "object" || body === null) return null;
  const said = "error" in body ? body.error : body;
  if (typeof said === "string") return said;
  if (typeof said !== "object" || said === null || !("message" in said)) return null;
  return typeof said.message === "string" ? said.message : null;
}

async function readJson<T>(response: Response): Promise<T> {
  // Our own Worker answers; docs/openapi.json says what, and its tests hold it to that.
  // A 204 has no body: whoever asks for what answers so asks for nothing of it.
  const body: T = JSON.parse((await response.text()) || "null");
  return body;
}
