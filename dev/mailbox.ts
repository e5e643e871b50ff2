// The mailbox's HTTP side: the page, its JSON API, and the receiver of webhooks. Listens on loopback
// only; what a message contains is never trusted.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { ROOT } from "./bootstrap.js";
import type { MailboxStore } from "./mailbox-store.ts";
import { readMail, showableHtml } from "./mail.ts";
import { LOOPBACK } from "./ports.ts";

/** What the mailbox shows beside the mail: where things are. */
export type About = {
  readonly base_url: string;
  readonly relay: "local" | "other";
  readonly relay_smtp: string;
};

/** What the mailbox needs from its surroundings. */
export type MailboxOptions = {
  readonly store: MailboxStore;
  /** 0 takes a free one. */
  readonly port: number;
  readonly about: About;
  /** The secret of the endpoint that posts here, or null while there is none. */
  readonly secret: () => string | null;
};

/** A mailbox that listens. */
export type Mailbox = { readonly port: number; readonly close: () => Promise<void> };

/** A webhook is a few kilobytes. */
const HOOK_LIMIT_BYTES = 1_000_000;

/** Names under which a browser on this machine may call; any other is a rebound DNS name. */
const HOSTS = new Set(["127.0.0.1", "localhost", "[::1]"]);

const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A mail may style itself and show its own pictures; nothing else is loaded, no script runs. */
const mailPolicy = (images: string): string =>
  `sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src ${images}; ` +
  `style-src 'unsafe-inline'; font-src data:; form-action 'none'; frame-ancestors 'self'`;

const PAGE_FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  "/": ["page.html", "text/html; charset=utf-8"],
  "/page.css": ["page.css", "text/css; charset=utf-8"],
  "/detail.css": ["detail.css", "text/css; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
  "/views.js": ["views.js", "text/javascript; charset=utf-8"],
  "/dom.js": ["dom.js", "text/javascript; charset=utf-8"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
};

/** Starts the mailbox on a port of the loopback address. */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      if (response.headersSent) return response.destroy();
      return sendJson(response, 500, { error: { message: String(error) } });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, LOOPBACK, resolve);
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("the mailbox is not there");
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: MailboxOptions,
): Promise<void> {
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("cache-control", "no-store");
  const host = request.headers.host?.replace(/:\d+$/, "") ?? "";
  if (!HOSTS.has(host)) {
    return sendProblem(
      response,
      403,
      `The mailbox answers on this machine only, not as "${host}".`,
    );
  }
  const url = new URL(request.url ?? "/", "http://localhost");
  const route = `${request.method} ${url.pathname}`;
  const page = request.method === "GET" ? PAGE_FILES[url.pathname] : undefined;
  if (page) return sendPage(response, page);
  if (/^POST \/hooks(\/|$)/.test(route)) return receiveHook(request, response, options);
  switch (route) {
    case "GET /api/messages":
      return sendJson(response, 200, { data: options.store.messages() });
    case "DELETE /api/messages":
      await options.store.clear();
      return sendJson(response, 200, { data: [] });
    case "GET /api/hooks":
      return sendJson(response, 200, { data: options.store.hooks() });
    case "DELETE /api/hooks":
      await options.store.clearHooks();
      return sendJson(response, 200, { data: [] });
    case "GET /api/about":
      return sendJson(response, 200, { data: options.about });
    case "GET /api/changes":
      return sendChanges(response, options.store);
  }
  const [, id, part, index] =
    /^GET \/api\/messages\/([0-9a-f-]{36})(?:\/(raw|html|attachments\/(\d{1,4})))?$/.exec(route) ??
    [];
  if (id === undefined) return sendProblem(response, 404, `There is no ${route} here.`);
  const envelope = options.store.messages().find((one) => one.id === id);
  const raw = await options.store.raw(id);
  if (!envelope || !raw) return sendProblem(response, 404, `There is no message ${id}.`);
  if (part === undefined) {
    return sendJson(response, 200, { data: { ...envelope, ...(await readMail(raw)).described } });
  }
  if (part === "raw") {
    response.setHeader("content-disposition", `attachment; filename="${id}.eml"`);
    return sendBytes(response, "message/rfc822", raw);
  }
  if (part === "html") return sendHtml(response, raw, url.searchParams.has("remote"));
  return sendAttachment(response, raw, Number(index));
}

async function sendPage(response: ServerResponse, page: readonly [string, string]): Promise<void> {
  response.setHeader("content-security-policy", PAGE_POLICY);
  sendBytes(response, page[1], await readFile(join(ROOT, "dev", "page", page[0])));
}

/** The HTML part, as a frame may show it. Pictures from elsewhere load only when asked for. */
async function sendHtml(response: ServerResponse, raw: Buffer, remote: boolean): Promise<void> {
  const mail = await readMail(raw);
  response.setHeader(
    "content-security-policy",
    mailPolicy(remote ? "data: http: https:" : "data:"),
  );
  const html = mail.described.html === null ? "" : showableHtml(mail);
  sendBytes(response, "text/html; charset=utf-8", Buffer.from(html));
}

async function sendAttachment(response: ServerResponse, raw: Buffer, index: number): Promise<void> {
  const mail = await readMail(raw);
  const described = mail.described.attachments[index];
  const content = mail.contents[index];
  if (!described || !content) {
    return sendProblem(response, 404, `The message has no attachment ${index}.`);
  }
  const name = encodeURIComponent(described.filename).replaceAll("'", "%27");
  response.setHeader("content-disposition", `attachment; filename*=UTF-8''${name}`);
  response.setHeader("content-security-policy", "sandbox; default-src 'none'");
  // The type is the sender's word: good enough for a download, and nothing sniffs it.
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(described.type) ? described.type : null;
  sendBytes(response, type ?? "application/octet-stream", Buffer.from(content));
}

async function receiveHook(
  request: IncomingMessage,
  response: ServerResponse,
  options: MailboxOptions,
): Promise<void> {
  // Browsers always name the origin of a POST; webhooks never have one.
  if (request.headers.origin) return sendProblem(response, 403, "Not from a web page.");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > HOOK_LIMIT_BYTES) return sendProblem(response, 413, "The webhook is too big.");
    chunks.push(chunk);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const body = Buffer.concat(chunks).toString("utf8");
  await options.store.addHook({
    headers,
    body,
    verified: verifies(options.secret(), body, headers),
  });
  response.writeHead(204).end();
}

/** Whether the Standard Webhooks signature holds, judged by the reference library. */
function verifies(
  secret: string | null,
  body: string,
  headers: Readonly<Record<string, string>>,
): boolean {
  if (secret === null) return false;
  try {
    new Webhook(secret).verify(body, { ...headers }, { jsonParse: false });
    return true;
  } catch {
    // The library says no by throwing.
    return false;
  }
}

/** Server-sent events: one line whenever the mailbox changed. */
function sendChanges(response: ServerResponse, store: MailboxStore): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("retry: 1000\n\n");
  const stop = store.watch(() => response.write("data: changed\n\n"));
  response.once("close", stop);
}

function sendProblem(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { error: { message } });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  sendBytes(response, "application/json; charset=utf-8", Buffer.from(JSON.stringify(body)));
}

function sendBytes(response: ServerResponse, type: string, bytes: Buffer): void {
  response.setHeader("content-type", type);
  response.setHeader("content-length", bytes.length);
  response.end(bytes);
}
