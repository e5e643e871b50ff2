// /v1/domains/:domain/report and /v1/check: what receivers will think of a domain.
import * as z from "zod";
import { fail, ok } from "../../lib/result.ts";
import type { DomainReport } from "../../verify/report.ts";
import { askSpf, inspectDomain, inspectOwnDomain } from "../../verify/inspect.ts";
import { endpoint } from "../endpoint.ts";
import { domainField, domainParams } from "./domain-fields.ts";
import { dataOf, one } from "./native.ts";

const addressField = z.union([z.ipv4(), z.ipv6()], "must be an IPv4 or IPv6 address");

const reportView = z.object({
  domain: z.string(),
  /** 0…100, or null when nothing could be looked at. */
  score: z.int().nullable(),
  fix_first: z.array(z.string()),
  checks: z.array(
    z.object({
      check: z.enum(["spf", "dkim", "dmarc", "mx", "ptr"]),
      status: z.enum(["pass", "warn", "fail", "unknown"]),
      points: z.number(),
      of: z.number(),
      found: z.array(z.string()),
      advice: z.string(),
    }),
  ),
});

const spfView = z.object({
  ip: z.string(),
  result: z.string(),
  mechanism: z.string().nullable(),
  problem: z.string().nullable(),
  lookups: z.int(),
  explanation: z.string().nullable(),
});

const report = endpoint({
  method: "GET",
  path: "/domains/:domain/report",
  summary: "What receivers will think of a sender domain, and what to fix first",
  scope: "read",
  request: { params: domainParams },
  response: { 200: dataOf(reportView) },
  async handle(app, { params: { domain } }) {
    const made = await inspectOwnDomain(app, domain);
    return made ? ok(one(shown(made))) : fail({ kind: "not_found", what: "this domain" });
  },
});

const check = endpoint({
  method: "GET",
  path: "/check",
  summary: "What receivers will think of any domain, and of an address that sends for it",
  scope: "read",
  request: { query: z.object({ domain: domainField, ip: addressField.optional() }) },
  response: { 200: dataOf(reportView.extend({ spf: spfView.optional() })) },
  async handle(app, { query: { domain, ip } }) {
    const report = shown(await inspectDomain(app, domain));
    if (ip === undefined) return ok(one(report));
    const { result, mechanism, problem, lookups, explanation } = await askSpf(app, { domain, ip });
    return ok(one({ ...report, spf: { ip, result, mechanism, problem, lookups, explanation } }));
  },
});

/** The operations that look at domains. */
export const domainReportEndpoints = [report, check];

function shown({ domain, score, items, fixFirst }: DomainReport) {
  return { domain, score, fix_first: fixFirst, checks: items };
}
