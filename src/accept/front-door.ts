// The front door: whoever opens the address of a deployment in a browser comes to its portal. Pure.
import type { Config } from "../model/config.ts";
import type { Answer } from "./endpoint.ts";

/** Path of the page for people, in public/. */
const PORTAL_PATH = "/portal";
export const FRONT_PATH = "/";

/** The sub-domain that had the module of webhooks for itself once (F-028). */
const OLD_HOST = "webhook.";
const WEBHOOKS = `${PORTAL_PATH}#/webhooks`;

/** Where the front door leads; null for every other path, and for whoever does not only look. */
export function frontDoor(
  { publicUrl }: Pick<Config, "publicUrl">,
  { method, url }: Pick<Request, "method" | "url">,
): Answer | null {
  const { pathname, hostname } = new URL(url);
  if (pathname !== FRONT_PATH || (method !== "GET" && method !== "HEAD")) return null;
  // Only the one address that we know is led to: a Host header is anybody's to choose.
  if (publicUrl !== null && hostname === OLD_HOST + new URL(publicUrl).hostname) {
    return moved(308, publicUrl + WEBHOOKS);
  }
  return moved(302, PORTAL_PATH);
}

function moved(status: 302 | 308, to: string): Answer {
  return { status, bytes: null, headers: { Location: to } };
}
