// The only file that imports cloudflare:sockets: makes a Stream out of a platform socket.
import { connect } from "cloudflare:sockets";

import type { Dial, Stream } from "./transaction.ts";

/** Opens a TCP or TLS stream. Whether host and port may be dialled is the caller's business. */
export const dial: Dial = ({ host, port, secure }) =>
  streamOf(connect({ hostname: host, port }, { secureTransport: secure, allowHalfOpen: false }));

function streamOf(socket: Socket): Stream {
  // Both promises reject when a connection fails; whoever looks at them later still sees it, and a
  // failure that nobody looks at is not an unhandled one.
  socket.opened.catch(() => undefined);
  socket.closed.catch(() => undefined);
  return {
    readable: socket.readable,
    writable: socket.writable,
    opened: socket.opened,
    closed: socket.closed,
    startTls: () => streamOf(socket.startTls()),
    close: () => {
      socket.close().catch(() => undefined);
    },
  };
}
