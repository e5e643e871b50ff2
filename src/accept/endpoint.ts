// endpoint(): one definition becomes the route, the parsing with paths in errors, and the types of the
// handler's input. A dialect is a list of these; there is no second list of routes.
import type * as z from "zod";
import type { App } from "../app.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Config } from "../model/config.ts";
import type { Key, Scope } from "../model/key.ts";
import { invalidField, type Problem } from "../model/problem.ts";
import type { Session } from "../model/session.ts";
import { MAX_BODY_BYTES, type ReceivedBody, type ReceivedBytes } from "./body.ts";
import { type BodyPieces, noPieces } from "./body-pieces.ts";
import { type BodyText, noText } from "./body-text.ts";
import type { OwnProblems, Responses } from "./response.ts";

/** What a handler answers with. */
export type Answer =
  | { readonly status: number; readonly json: unknown; readonly headers?: AnswerHeaders }
  | { readonly status: number; readonly bytes: BodyInit | null; readonly headers?: AnswerHeaders }
  /** The connection becomes a WebSocket. */
  | { readonly status: 101; readonly socket: WebSocket; readonly headers?: AnswerHeaders };
export type AnswerHeaders = Readonly<Record<string, string>>;

/** What a handler is given: everything parsed, the key already checked for family and scope. */
export type Input<Params, Query, Body> = {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly key: Key;
  /** The session of whoever is signed in; `key` is then their own. Null for API keys. */
  readonly session: Session | null;
  readonly requestId: string;
  /** Where the request was sent to, without a slash at the end: `https://mail.example.com`. */
  readonly origin: string;
  /** The Idempotency-Key header, or null. Format is checked by accept/send.ts. */
  readonly idempotencyKey: string | null;
  /** SHA-256 of the raw body, hex; "" without an idempotency key. */
  readonly bodyHash: string;
  /** The body of an operation that `streams` text, as it comes; nothing for others. */
  readonly text: BodyText;
  /** The body of an operation that `streams` bytes; none for others. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The body of an operation that `streams` pieces, as it comes; nothing for others. */
  readonly pieces: BodyPieces;
  /** The request's own header fields. */
  readonly headers: Headers;
};

/** A body that is not JSON: its media type, and whether it comes as text or bytes in pieces, or in one buffer. */
export type Streams =
  | { readonly type: string; readonly as: "text" | "bytes" }
  | { readonly type: string; readonly as: "pieces"; readonly limitBytes: number };

type Schema = z.ZodType | undefined;
type Parsed<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined;

/** Who may ask: keys and people (unless it says otherwise), people who are signed in, or all the world. */
export type Access = "actors" | "people" | "open";

/** The definition of one operation of one dialect. */
export type EndpointDefinition<P extends Schema, Q extends Schema, B extends Schema> = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** itty-router path below the dialect's base, such as `/messages/:id`. */
  readonly path: string;
  readonly summary: string;
  /** More than the summary, for the OpenAPI document; Markdown. */
  readonly description?: string;
  readonly scope: Scope;
  readonly access?: Access;
  readonly request: {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    /** Header fields that the handler reads, each with what it means. */
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** What it answers when all is well, by status. */
  readonly response: Responses;
  /** Ways to say no that the handler has for itself. */
  readonly problems?: OwnProblems;
  /** The handler reads the Idempotency-Key; one that `sends` does anyway. */
  readonly idempotent?: boolean;
  /** Bytes of a JSON body at most, where that is less than of any body. */
  readonly bodyLimit?: number;
  /** The body that the handler takes when it is not JSON; another operation may take JSON there. */
  readonly streams?: Streams;
  /** The body holds passwords: it leaves no hash in the audit log, by which they could be guessed. */
  readonly holdsPasswords?: boolean;
  /** What the audit log says of a good body: no secret, and nobody's address but as a hash. */
  readonly traced?: (body: Parsed<B>) => string | Promise<string>;
  /** A door that mail is sent through: each of its answers tells the limits. */
  readonly sends?: boolean;
  readonly handle: (
    app: App,
    input: Input<Parsed<P>, Parsed<Q>, Parsed<B>>,
  ) => Promise<Result<Answer, Problem>>;
};

/** An operation with its types closed over: what http.ts mounts. */
export type Endpoint = {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly access: Access;
  readonly takesBody: boolean;
  /** Bytes of a JSON body at most. */
  readonly bodyLimit: number;
  readonly streams: Streams | null;
  readonly holdsPasswords: boolean;
  readonly sends: boolean;
  /** What the audit log says of a body; "" of one that is not good. */
  readonly detailOf: (json: unknown) => Promise<string>;
  /** What the OpenAPI document is made of. */
  readonly documented: Documented;
  readonly run: (app: App, received: Received) => Promise<Result<Answer, Problem>>;
};

/** The parts of a definition that nothing runs by. */
export type Documented = {
  readonly description: string | null;
  readonly request: {
    readonly params?: z.ZodType | undefined;
    readonly query?: z.ZodType | undefined;
    readonly body?: z.ZodType | undefined;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly response: Responses;
  readonly problems: OwnProblems;
  readonly idempotent: boolean;
};

/** A request as http.ts hands it over, before its parts are parsed. */
export type Received = {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: ReceivedBody | null;
  /** Given to operations that stream text. */
  readonly text?: BodyText;
  /** Given to operations that stream bytes. */
  readonly bytes?: ReceivedBytes;
  /** Given to operations that stream pieces. */
  readonly pieces?: BodyPieces;
  readonly headers?: Headers;
  readonly key: Key;
  readonly session?: Session | null;
  readonly requestId: string;
  readonly origin: string;
  readonly idempotencyKey: string | null;
};

/** A security scheme of OpenAPI 3.1 (§4.8.27). */
export type Security =
  | { readonly type: "http"; readonly scheme: "bearer" | "basic"; readonly description: string }
  | {
      readonly type: "apiKey";
      readonly in: "header";
      readonly name: string;
      readonly description: string;
    };

/** What of a request may say who asks. */
export type Credentials = Pick<Received, "params"> & { readonly headers: Headers };

/** A dialect: one way in, one way to say no, its operations. */
export type Dialect = {
  readonly name: string;
  /** Path prefix such as `/v1`. */
  readonly base: string;
  /** Whether this deployment has it at all; a dialect without this always stands there. */
  readonly isOpen?: (config: Config) => boolean;
  /** The key that a request shows, if it opens this dialect now. */
  readonly authenticate: (app: App, shown: Credentials) => Promise<Result<Key, Problem>>;
  readonly endpoints: readonly Endpoint[];
  /** People may use it too, with the session that they are signed in with. */
  readonly people?: boolean;
  /** Nobody but our own programs asks it: it stands in no OpenAPI document. */
  readonly hidden?: boolean;
  /** How a request shows its key, in the words of OpenAPI. */
  readonly security: Security;
  /** The wire form of a problem at one path (below the base). */
  readonly problem: (problem: Problem, about: { path: string; requestId: string }) => Answer;
};

/** Closes the types of a definition; the parsed input reaches `handle` only if every part is valid. */
export function endpoint<
  P extends Schema = undefined,
  Q extends Schema = undefined,
  B extends Schema = undefined,
>(definition: EndpointDefinition<P, Q, B>): Endpoint {
  const { method, path, summary, scope, request, handle, sends = false } = definition;
  return {
    method,
    path,
    summary,
    scope,
    access: definition.access ?? "actors",
    takesBody: request.body !== undefined,
    bodyLimit: definition.bodyLimit ?? MAX_BODY_BYTES,
    streams: definition.streams ?? null,
    holdsPasswords: definition.holdsPasswords ?? false,
    sends,
    async detailOf(json) {
      const body = definition.traced ? parse<B>(request.body, json) : null;
      return body?.ok ? ((await definition.traced?.(body.value)) ?? "") : "";
    },
    documented: {
      description: definition.description ?? null,
      request,
      response: definition.response,
      problems: definition.problems ?? [],
      idempotent: definition.idempotent ?? sends,
    },
    async run(app, received) {
      const params = parse<P>(request.params, received.params);
      if (!params.ok) return params;
      const query = parse<Q>(request.query, received.query);
      if (!query.ok) return query;
      const body = parse<B>(request.body, received.body?.json);
      if (!body.ok) return body;
      return handle(app, {
        params: params.value,
        query: query.value,
        body: body.value,
        key: received.key,
        session: received.session ?? null,
        requestId: received.requestId,
        origin: received.origin,
        idempotencyKey: received.idempotencyKey,
        bodyHash: received.bytes?.hash ?? received.body?.hash ?? "",
        text: received.text ?? noText(),
        bytes: received.bytes?.bytes ?? new Uint8Array(),
        pieces: received.pieces ?? noPieces(),
        headers: received.headers ?? new Headers(),
      });
    },
  };
}

/** Parses one part of a request; the first issue becomes the problem, with its JSON path. */
export function parse<S extends Schema>(
  schema: S | undefined,
  value: unknown,
): Result<Parsed<S>, Problem> {
  // Without a schema S is undefined, and so is what the handler is given.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Parsed<undefined> is undefined
  if (!schema) return ok(undefined as Parsed<S>);
  const parsed = schema.safeParse(value);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- zod says so, the compiler cannot
  if (parsed.success) return ok(parsed.data as Parsed<S>);
  const issue = parsed.error.issues[0];
  const reason = issue?.message ?? "is invalid";
  const path = pathText(issue?.path ?? []);
  return fail(path === "" ? { kind: "malformed_body", reason } : invalidField(path, reason));
}

/** A zod path as people write it: `email.recipients.to[0].email`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}
