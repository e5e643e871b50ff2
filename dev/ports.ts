// Whether a port of this machine is free, asked before anything is started.
import { createServer } from "node:net";

/** Everything that `npm start` starts listens here and nowhere else. */
export const LOOPBACK = "127.0.0.1";

/** Whether nothing listens on the port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, LOOPBACK, () => probe.close(() => resolve(true)));
  });
}
