// What erasures keep under seal while they are under way: their addresses, and how far they came, which may
// be an address too.
import type { App } from "../app.ts";
import { open, seal } from "../lib/seal.ts";
import { type Erasure, erasurePurpose, PLACE_PURPOSE } from "../model/erasure.ts";
import { moveErasures } from "../store/erasure.ts";

/** The address of an erasure, as deliveries have it. Throws when another ENCRYPTION_KEY sealed it. */
export async function addressOf(app: App, { hash, sealed }: Erasure): Promise<string> {
  if (sealed === null) throw new Error("an erasure has no address");
  return open(app.config.encryptionKey, erasurePurpose(hash), sealed);
}

/** How far a group came; "" at the start. */
export async function openPlace(app: App, erasures: readonly Erasure[]): Promise<string> {
  const place = erasures[0]?.place ?? "";
  return place === "" ? "" : open(app.config.encryptionKey, PLACE_PURPOSE, place);
}

/** Keeps how far a group came, so that it goes on together. */
export async function savePlace(
  app: App,
  erasures: readonly Erasure[],
  place: string,
): Promise<void> {
  const sealed = await seal(app.config.encryptionKey, PLACE_PURPOSE, place);
  await moveErasures(app.db, erasures, { place: sealed });
}
