// What only the SMTP gateway asks (D-02). Without GATEWAY_SECRETS there is nothing here.
import type { Dialect } from "../endpoint.ts";
import { kasploProblem } from "../kasplo/problem.ts";
import { auth } from "./auth.ts";
import { authenticateGateway } from "./gateway.ts";
import { ingest } from "./ingest.ts";

/** Everything under /internal. */
export const internal: Dialect = {
  name: "internal",
  base: "/internal",
  hidden: true,
  security: { type: "http", scheme: "bearer", description: "The secret of a gateway." },
  isOpen: ({ gatewaySecrets }) => gatewaySecrets.length > 0,
  authenticate: authenticateGateway,
  problem: kasploProblem,
  endpoints: [auth, ingest],
};
