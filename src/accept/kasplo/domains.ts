// /v1/domains: the domains that mail may come from, and the DNS records that make it so (decision 17).
import * as z from "zod";
import { forgetSender } from "../../check/sender.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { domainOf, parseAddress } from "../../model/address.ts";
import { headerTextFault } from "../../model/header.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { DEFAULT_SENDER_LIMITS, GATES } from "../../model/sender-domain.ts";
import {
  askRotation,
  changeDomain,
  deleteDomain,
  findOwnedDomain,
  insertDomain,
  listOwnedDomains,
} from "../../store/sender-domain-owned.ts";
import { newKeys, showDomain, type VerifiedDomain, verifyDomain } from "../../verify/verify.ts";
import { PATIENCE_MS } from "../../verify/world.ts";
import { endpoint } from "../endpoint.ts";
import { domainField, domainParams, domainView } from "./domain-fields.ts";
import { dataOf, iso, limitParameter, one, page, pageOf } from "./native.ts";

const addressField = z.string().transform((text, context) => {
  const address = parseAddress(text.trim());
  if (address.ok) return address.value;
  context.addIssue(address.error);
  return z.NEVER;
});

const nameField = z
  .string()
  .trim()
  .max(DEFAULT_SENDER_LIMITS.name)
  .refine((text) => headerTextFault(text) === null, "must not hold control characters");

const settings = {
  default_sender: addressField.nullable().optional(),
  default_name: nameField.nullable().optional(),
  return_path_domain: domainField.optional(),
  tracking_domain: domainField.nullable().optional(),
  tracking: z.object({ opens: z.boolean().optional(), clicks: z.boolean().optional() }).optional(),
  gate: z.enum(GATES, `must be ${GATES.join(", ")}`).optional(),
};

const unknownDomain = fail<Problem>({ kind: "not_found", what: "this domain" });

const add = endpoint({
  method: "POST",
  path: "/domains",
  summary: "Add a sender domain; the answer lists the DNS records to publish",
  scope: "manage",
  request: {
    body: z.object({ domain: domainField, ed25519: z.boolean().default(false), ...settings }),
  },
  response: { 201: dataOf(domainView) },
  problems: ["conflict", "not_found"],
  async handle(app, { body }) {
    const { domain, ed25519 } = body;
    const fault = faultOf(domain, body);
    if (fault) return fail(fault);
    if (await findOwnedDomain(app.db, domain)) return exists(domain);
    const added = await insertDomain(
      app.db,
      {
        domain,
        ed25519,
        defaultSender: body.default_sender ?? null,
        defaultName: body.default_name ?? null,
        returnDomain: body.return_path_domain ?? `bounce.${domain}`,
        trackingHost: body.tracking_domain === undefined ? `links.${domain}` : body.tracking_domain,
        tracking: { opens: body.tracking?.opens ?? true, clicks: body.tracking?.clicks ?? true },
        gate: body.gate ?? "off",
        createdAt: app.now(),
      },
      await newKeys(app, { domain, ed25519 }),
    );
    if (!added) return exists(domain);
    const verified = await verifyDomain(app, domain, PATIENCE_MS);
    return verified ? ok(one(shown(verified), 201)) : unknownDomain;
  },
});

const list = endpoint({
  method: "GET",
  path: "/domains",
  summary: "List sender domains in the order of their names",
  scope: "read",
  request: { query: z.object({ limit: limitParameter, cursor: z.string().default("") }) },
  response: { 200: pageOf(domainView) },
  async handle(app, { query }) {
    const { limit, cursor } = query;
    const found = await listOwnedDomains(app.db, { after: cursor, limit: limit + 1 });
    const domains = await Promise.all(
      found.slice(0, limit).map((domain) => showDomain(app, domain)),
    );
    const next = found.length > limit ? (domains.at(-1)?.domain.domain ?? null) : null;
    return ok(page(domains.map(shown), next));
  },
});

const read = endpoint({
  method: "GET",
  path: "/domains/:domain",
  summary: "Show a sender domain with its records as they were found last",
  scope: "read",
  request: { params: domainParams },
  response: { 200: dataOf(domainView) },
  async handle(app, { params: { domain } }) {
    const found = await findOwnedDomain(app.db, domain);
    return found ? ok(one(shown(await showDomain(app, found)))) : unknownDomain;
  },
});

const change = endpoint({
  method: "PATCH",
  path: "/domains/:domain",
  summary: "Change the default sender, the return path, the tracking or the gate of a domain",
  scope: "manage",
  request: { params: domainParams, body: z.object(settings) },
  response: { 200: dataOf(domainView) },
  async handle(app, { params: { domain }, body }) {
    const fault = faultOf(domain, body);
    if (fault) return fail(fault);
    const changed = await changeDomain(
      app.db,
      domain,
      {
        defaultSender: body.default_sender,
        defaultName: body.default_name,
        returnDomain: body.return_path_domain,
        trackingHost: body.tracking_domain,
        trackOpens: body.tracking?.opens,
        trackClicks: body.tracking?.clicks,
        gate: body.gate,
      },
      app.now(),
    );
    forgetSender(domain);
    return changed ? ok(one(shown(await showDomain(app, changed)))) : unknownDomain;
  },
});

const verify = endpoint({
  method: "POST",
  path: "/domains/:domain/verify",
  summary: "Look into DNS now",
  scope: "manage",
  request: { params: domainParams },
  response: { 200: dataOf(domainView) },
  async handle(app, { params: { domain } }) {
    const verified = await verifyDomain(app, domain, PATIENCE_MS);
    forgetSender(domain);
    return verified ? ok(one(shown(verified))) : unknownDomain;
  },
});

const rotate = endpoint({
  method: "POST",
  path: "/domains/:domain/dkim/rotate",
  summary: "Sign with the other DKIM key as soon as DNS shows it",
  scope: "manage",
  request: { params: domainParams },
  response: { 200: dataOf(domainView) },
  problems: ["conflict"],
  async handle(app, { params: { domain } }) {
    if (!(await findOwnedDomain(app.db, domain))) return unknownDomain;
    if (!(await askRotation(app.db, domain, app.now()))) {
      const reason = "the key of the last rotation still retires; rotate again when it is gone";
      return fail({ kind: "conflict", reason });
    }
    const verified = await verifyDomain(app, domain, PATIENCE_MS);
    return verified ? ok(one(shown(verified))) : unknownDomain;
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/domains/:domain",
  summary: "Remove a sender domain; its keys are gone for good",
  scope: "manage",
  request: { params: domainParams },
  response: { 200: dataOf(z.object({ domain: z.string(), deleted: z.literal(true) })) },
  async handle(app, { params: { domain } }) {
    const deleted = await deleteDomain(app.db, domain);
    forgetSender(domain);
    return deleted ? ok(one({ domain, deleted: true })) : unknownDomain;
  },
});

/** The operations of /v1/domains. */
export const domainEndpoints = [add, list, read, change, verify, rotate, remove];

type Settings = {
  readonly default_sender?: string | null | undefined;
  readonly return_path_domain?: string | undefined;
  readonly tracking_domain?: string | null | undefined;
};

/** Names that must lie in the domain: alignment, and the reader's trust in links, need it. */
function faultOf(domain: string, body: Settings): Problem | null {
  if (body.default_sender && domainOf(body.default_sender) !== domain) {
    return invalidField("default_sender", `must be an address at ${domain}`);
  }
  for (const field of ["return_path_domain", "tracking_domain"] as const) {
    const name = body[field];
    if (name && !name.endsWith(`.${domain}`)) {
      return invalidField(field, `must be a sub-domain of ${domain}`);
    }
  }
  return null;
}

function exists(domain: string): Result<never, Problem> {
  return fail({ kind: "conflict", reason: `${domain} is there already; change it with PATCH` });
}

function shown({ domain, records }: VerifiedDomain) {
  return {
    domain: domain.domain,
    state: domain.state,
    default_sender: domain.defaultSender,
    default_name: domain.defaultName,
    return_path_domain: domain.returnDomain,
    return_path_ready: domain.returnReady,
    tracking_domain: domain.trackingHost,
    tracking_ready: domain.trackingReady,
    tracking: domain.tracking,
    ed25519: domain.ed25519,
    gate: domain.gate,
    dkim_rotation_asked_at: iso(domain.rotationAt),
    created_at: iso(domain.createdAt),
    checked_at: iso(domain.checkedAt),
    next_check_at: iso(domain.checkAt),
    records: records.map(({ purpose, type, name, value, required, status, found, advice }) => ({
      type,
      name,
      value,
      status,
      purpose,
      required,
      found,
      advice,
    })),
  };
}
