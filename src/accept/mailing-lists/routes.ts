// The Mailing Lists API (E-08…E-14 and contract 3.6): lists, what their campaigns came to, and what they refer to.
import { fail } from "../../lib/result.ts";
import { unauthorized } from "../authenticate.ts";
import type { Dialect } from "../endpoint.ts";
import { authenticateBasic } from "./auth.ts";
import { fieldEndpoints } from "./custom-fields.ts";
import { deletionEndpoints } from "./deletion.ts";
import { listEndpoints } from "./lists.ts";
import { neighbourEndpoints } from "./neighbours.ts";
import { mailingListsProblem } from "./problem.ts";
import { seedListEndpoints } from "./seed-lists.ts";
import { statisticsEndpoints } from "./statistics.ts";
import { subscriberEndpoints } from "./subscribers.ts";

/** Everything under /ga/api/v2. */
export const mailingLists: Dialect = {
  name: "mailing-lists",
  base: "/ga/api/v2",
  authenticate: authenticateBasic,
  security: {
    type: "http",
    scheme: "basic",
    description: "Your org_id as the user name, an API key of this family as the password.",
  },
  problem: mailingListsProblem,
  endpoints: [
    ...listEndpoints,
    ...deletionEndpoints,
    ...statisticsEndpoints,
    ...subscriberEndpoints,
    ...fieldEndpoints,
    ...seedListEndpoints,
    ...neighbourEndpoints,
  ],
};

/** Paths without a version name nothing here; that is said in the same envelope (E-14). */
export const unversionedMailingLists: Dialect = {
  name: "mailing-lists-unversioned",
  base: "/ga/api",
  hidden: true,
  security: { type: "http", scheme: "basic", description: "Nobody is let in here." },
  authenticate: () => Promise.resolve(fail(unauthorized("use /ga/api/v2"))),
  problem: mailingListsProblem,
  endpoints: [],
};
