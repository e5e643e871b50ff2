// A WebSocket of this Worker's own, by the session's cookie.
import { type Query, queryOf } from "./api.ts";

/**
 * Hands on each message until the socket or the signal ends; false when it could not be opened, which the browser
 * gives no reason for. What asks for an answer gets one: the sender waits for it before it sends more.
 */
export function readSocket(
  path: string,
  query: Query,
  signal: AbortSignal,
  on: { readonly open: () => void; readonly message: (data: string) => void },
): Promise<boolean> {
  const url = new URL(`${path}${queryOf(query)}`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  signal.addEventListener("abort", () => socket.close(), { once: true });
  return new Promise((resolve) => {
    let wasOpen = false;
    socket.addEventListener("open", () => {
      wasOpen = true;
      on.open();
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string" || !data.startsWith("{")) return;
      on.message(data);
      const asks: { readonly ask?: boolean } = JSON.parse(data);
      if (asks.ask === true) socket.send("more");
    });
    socket.addEventListener("close", () => resolve(wasOpen));
  });
}
