// A port for a server that another program starts, which must be named before it runs.
import { createServer } from "node:net";
import { listenOnLoopback } from "./listen.ts";

/** Below the range of which systems give outgoing connections theirs (RFC 6335 §6 from 49152, Linux from 32768). */
const FIRST = 10_000;
const LAST = 32_767;
const TRIES = 20;

/** A TCP port of loopback that was free a moment ago, and that no outgoing connection can take meanwhile. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    const server = createServer();
    const free = await listenOnLoopback(server, port).then(
      () => true,
      () => false,
    );
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error(`no free port in ${TRIES} tries`);
}
