// /v1/domains/:domain/amp-approvals: which From names may send AMP parts (C-06, decision 12).
import * as z from "zod";
import { fail, ok } from "../../lib/result.ts";
import { headerTextFault } from "../../model/header.ts";
import { DEFAULT_SENDER_LIMITS } from "../../model/sender-domain.ts";
import {
  type AmpApproval,
  deleteAmpApproval,
  insertAmpApproval,
  listAmpApprovals,
} from "../../store/sender-domain-amp.ts";
import { findOwnedDomain } from "../../store/sender-domain-owned.ts";
import { endpoint } from "../endpoint.ts";
import { domainParams } from "./domain-fields.ts";
import { dataOf, iso, isoTime, one, page, pageOf } from "./native.ts";

/** The checks of a send read all of a domain's. */
const MAX_APPROVALS = 100;

const approval = z.object({
  from_name: z
    .string()
    .min(1, "must be a From name, or * for any")
    .max(DEFAULT_SENDER_LIMITS.name)
    .refine((text) => headerTextFault(text) === null, "must not hold control characters"),
  provider: z
    .string()
    .regex(/^(?:\*|[a-z0-9][a-z0-9.-]{0,49})$/, "must be a name such as gmail, or * for all")
    .default("*"),
});

const approvalView = z.object({
  from_name: z.string(),
  provider: z.string(),
  created_at: isoTime,
});

const add = endpoint({
  method: "POST",
  path: "/domains/:domain/amp-approvals",
  summary: "Let a From name of this domain send AMP parts",
  scope: "manage",
  request: { params: domainParams, body: approval },
  response: { 201: dataOf(approvalView) },
  problems: ["conflict"],
  async handle(app, { params: { domain }, body }) {
    if (!(await findOwnedDomain(app.db, domain))) return unknownDomain;
    const added = { fromName: body.from_name, provider: body.provider, createdAt: app.now() };
    if (await insertAmpApproval(app.db, domain, added, MAX_APPROVALS)) {
      return ok(one(shown(added), 201));
    }
    const reason = `${domain} has ${MAX_APPROVALS} approvals already; remove some or use *`;
    return fail({ kind: "conflict", reason });
  },
});

const list = endpoint({
  method: "GET",
  path: "/domains/:domain/amp-approvals",
  summary: "List the From names that may send AMP parts",
  scope: "read",
  request: { params: domainParams },
  response: { 200: pageOf(approvalView) },
  async handle(app, { params: { domain } }) {
    if (!(await findOwnedDomain(app.db, domain))) return unknownDomain;
    return ok(page((await listAmpApprovals(app.db, domain)).map(shown), null));
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/domains/:domain/amp-approvals",
  summary: "Withdraw an approval",
  scope: "manage",
  request: { params: domainParams, query: approval },
  response: {
    200: dataOf(approvalView.omit({ created_at: true }).extend({ deleted: z.literal(true) })),
  },
  async handle(app, { params: { domain }, query }) {
    const { from_name: fromName, provider } = query;
    if (await deleteAmpApproval(app.db, domain, { fromName, provider })) {
      return ok(one({ from_name: fromName, provider, deleted: true }));
    }
    return fail({ kind: "not_found", what: "this approval" });
  },
});

/** The operations on AMP approvals. */
export const ampApprovalEndpoints = [add, list, remove];

const unknownDomain = fail({ kind: "not_found", what: "this domain" } as const);

function shown({ fromName, provider, createdAt }: AmpApproval) {
  return { from_name: fromName, provider, created_at: iso(createdAt) };
}
