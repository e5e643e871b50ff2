// Where what somebody looks for is to be found. Pure.
import type { Place } from "./router.ts";

/** A message's id, as it begins its Message-ID and its recipients' tracking ids too. */
const MESSAGE_ID = /^<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/i;

/** The place of an address, a domain (`@example.com`), an id of a message, or else a tag; null when nothing is named. */
export function placeFor(text: string): Partial<Place> | null {
  const named = text.trim();
  if (named === "") return null;
  const id = MESSAGE_ID.exec(named)?.[1];
  if (id !== undefined) return { screen: "message", id: id.toLowerCase() };
  return { screen: "activity", query: queryFor(named) };
}

function queryFor(named: string): Place["query"] {
  if (named.startsWith("@")) return { domain: named.slice(1) };
  return named.includes("@") ? { recipient: named } : { tag: named };
}
