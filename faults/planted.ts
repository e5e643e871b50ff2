// Bugs that the rows must find (reliability design, 7.4). Each is planted into the Worker as it was built, so that no
// switch of them is in src/. Of the design's twelve, the one about tenants does not apply, and a terminal state is
// overwritten by the same missing guard that lets a repeated commit count twice.
import type { Edit } from "../test/node/faults/world.ts";
import { replaced } from "./edits.ts";

/** A bug, and the row that must find it. */
export type Planted = { readonly bug: string; readonly row: string; readonly edit: Edit };

export const PLANTED: readonly Planted[] = [
  {
    bug: "200 before the commit",
    row: "F02",
    edit: replaced(
      "async function acceptMessage(",
      `async function acceptMessage(...asked) {
        setTimeout(() => acceptLater(...asked), 300);
        return { kind: "accepted", stopped: [] };
      }
      async function acceptLater(`,
    ),
  },
  {
    bug: "no lease: what is claimed may be claimed again at once",
    row: "F05",
    edit: replaced(/leaseUntil: now \+ LEASE_MS\d*/, "leaseUntil: now - 1"),
  },
  {
    bug: "the sweeper is off",
    row: "F06a",
    edit: replaced("invoked(env, context, sweep)", "Promise.resolve()"),
  },
  {
    bug: "delivered before the reply to the dot is read",
    row: "F14",
    edit: replaced(
      "const ending = this.#concluded(answer, sent.dot);",
      `const took = { code: 250, enhanced: null, lines: ["taken"] };
      const ending = sent.dot
        ? { kind: "accepted", reply: took, tls: false }
        : this.#concluded(answer, sent.dot);`,
    ),
  },
  {
    bug: "a deferred delivery is due never",
    row: "F14",
    edit: replaced("due_at = s.value ->> 'due'", "due_at = null"),
  },
  {
    bug: "what is repeated after a commit that was not seen counts twice",
    row: "F09",
    edit: replaced("var SETTLES = `(", "var SETTLES = `(1 = 1 or "),
  },
  {
    bug: "a look at the unsubscribe link unsubscribes",
    row: "5.3",
    edit: replaced(
      /async function show\(app, link, (request\d*)\) \{/,
      `async function show(app, link, request) {
        await recordWish(app, link, await findSubscription(app.db, link.messageId), "seen");
        return showPage(app, link, request);
      }
      async function showPage(app, link, $1) {`,
    ),
  },
  {
    bug: "redirects of endpoints are followed",
    row: "F19",
    edit: replaced(/body: post\.body,\s*redirect: "manual"/, `body: post.body, redirect: "follow"`),
  },
  {
    bug: "an endpoint that refuses is taken to have accepted",
    row: "F19",
    edit: replaced(
      /error: response\.ok \? null : failureText\(/,
      "error: true ? null : failureText(",
    ),
  },
  {
    bug: "a header's text is not looked at",
    row: "5.2",
    edit: replaced(
      /function headerTextFault\(\w+\) \{/,
      "function headerTextFault(text) {\n  return null;",
    ),
  },
  {
    bug: "the purge comes an hour too early",
    row: "F24",
    edit: replaced(
      /all: now - account\.retentionDays/,
      "all: now + 3600000 - account.retentionDays",
    ),
  },
];
