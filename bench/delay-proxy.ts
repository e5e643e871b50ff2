// A network with a long way: passes the bytes of TCP connections on, each half a round trip later, in order.
import { connect, createServer, type Socket } from "node:net";
import { listenOnLoopback } from "../test/peers/listen.ts";

/** A running one. */
export type DelayProxy = { readonly port: number; readonly stop: () => void };

/** Stands before a port of this machine; `roundTripMs` is added to each question and its answer. */
export async function startDelayProxy(to: number, roundTripMs: number): Promise<DelayProxy> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: to, host: "127.0.0.1", noDelay: true });
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      const later = (act: () => void) => setTimeout(() => into.writable && act(), roundTripMs / 2);
      from.on("data", (chunk: Buffer) => later(() => into.write(chunk)));
      from.on("end", () => later(() => into.end()));
      from.on("error", () => into.destroy());
      from.on("close", () => open.delete(from));
    }
  });
  const port = await listenOnLoopback(server, 0);
  return {
    port,
    stop() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
