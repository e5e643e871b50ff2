// What a request asks of a list's settings → what they become: names are looked up, and all of it must fit
// together (contract 1.5, 3.2).
import type { App } from "../../app.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import { domainOf } from "../../model/address.ts";
import { type ListAnalytics, type ListSettings, settingsFault } from "../../model/list-settings.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { seedListNames } from "../../store/seed-list.ts";
import { domainHosts } from "../../store/sender-domain-hosts.ts";
import { previewOf, primaryKeyFault } from "./list-fields.ts";
import { urlHosts } from "./references.ts";
import type { AnalyticsAsked, ListAsked } from "./schema.ts";
import { virtualMtas } from "./virtual-mtas.ts";

/** Which list is changed, null for one that is made, and what it is set to so far. */
export type Before = { readonly id: number | null; readonly settings: ListSettings };

/** The settings that a list has after a request, or what is wrong with it. */
export async function settingsAfter(
  app: App,
  before: Before,
  asked: ListAsked,
): Promise<Result<ListSettings, Problem>> {
  const remote = remoteFault(asked);
  if (remote) return fail(remote);
  const mta = await mtaOf(app, asked);
  if (!mta.ok) return mta;
  const hosts = await hostFault(app, asked);
  if (hosts) return fail(hosts);
  const seeds = await seedsOf(app, asked);
  if (!seeds.ok) return seeds;
  const preview = await previewOf(app, before, asked.preview_custom_field_data);
  if (!preview.ok) return preview;
  const after: ListSettings = {
    ...before.settings,
    ...own(asked),
    ...mta.value,
    ...seeds.value,
    ...preview.value,
    ...analyticsOf(before.settings.google_analytics, asked.google_analytics),
  };
  const fault = settingsFault(after) ?? (await primaryKeyFault(app, before, after));
  return fault ? fail(fault) : ok(after);
}

/** What is kept as it is asked. */
function own(asked: ListAsked): Partial<ListSettings> {
  const {
    name: _name,
    d_virtual_mta: _mta,
    d_seed_list_ids: _ids,
    d_seed_list_names: _names,
    preview_custom_field_data: _preview,
    google_analytics: _analytics,
    is_remote_list: _remote,
    database_connection_id: _connection,
    database_connection_name: _connectionName,
    ...rest
  } = asked;
  const set = Object.entries(rest).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set);
}

/** Recipients come from nowhere but this deployment (F-211). */
function remoteFault(asked: ListAsked): Problem | null {
  if (asked.is_remote_list === true) {
    const reason = "must be false: recipients of a remote database are not supported";
    return invalidField("is_remote_list", reason);
  }
  const { database_connection_id: id = null, database_connection_name: name = null } = asked;
  if (id !== null && name !== null) {
    const reason = "cannot stand with database_connection_name; send one of them";
    return invalidField("database_connection_id", reason);
  }
  if (id === null && name === null) return null;
  const key = id === null ? "database_connection_name" : "database_connection_id";
  return invalidField(key, "may only be sent for a list that was made with is_remote_list");
}

async function mtaOf(
  app: App,
  { d_virtual_mta: wanted }: ListAsked,
): Promise<Result<Partial<ListSettings>, Problem>> {
  if (wanted === undefined) return ok({});
  if (wanted === null) return ok({ d_virtual_mta_id: null });
  const found = (await virtualMtas(app)).find(({ name }) => name === wanted);
  return found
    ? ok({ d_virtual_mta_id: found.id })
    : fail(invalidField("d_virtual_mta", "must be the name of a virtual MTA"));
}

async function hostFault(app: App, asked: ListAsked): Promise<Problem | null> {
  const { d_url_domain: host = null, d_bounce_email: bounce = null } = asked;
  if (host !== null && !(await urlHosts(app)).includes(host)) {
    return invalidField("d_url_domain", "must be the tracking host of a sender domain, or our own");
  }
  if (bounce === null) return null;
  const { returning } = await domainHosts(app.db);
  if (!returning.includes(domainOf(bounce))) {
    return invalidField("d_bounce_email", "must be at the return domain of a sender domain");
  }
  return null;
}

async function seedsOf(
  app: App,
  asked: ListAsked,
): Promise<Result<Partial<ListSettings>, Problem>> {
  const { d_seed_list_ids: ids, d_seed_list_names: names } = asked;
  if (ids !== undefined && names !== undefined) {
    const reason = "cannot stand with d_seed_list_names; send one of them";
    return fail(invalidField("d_seed_list_ids", reason));
  }
  if (ids === undefined && names === undefined) return ok({});
  const found = await seedListNames(app.db, { ids: ids ?? [], names: names ?? [] });
  if (ids !== undefined) {
    const unknown = ids.find((id) => !found.has(id));
    return unknown === undefined
      ? ok({ d_seed_list_ids: [...new Set(ids)] })
      : fail(invalidField("d_seed_list_ids", `must be seed lists: ${unknown} is none`));
  }
  const byName = new Map([...found].map(([id, name]) => [name.toLowerCase(), id]));
  const chosen = new Set<number>();
  for (const name of names ?? []) {
    const id = byName.get(name.toLowerCase());
    if (id === undefined) {
      return fail(invalidField("d_seed_list_names", "must be names of seed lists"));
    }
    chosen.add(id);
  }
  return ok({ d_seed_list_ids: [...chosen] });
}

/** What is not named stays, as with lists. */
function analyticsOf(
  before: ListAnalytics | null,
  asked: AnalyticsAsked | undefined,
): Partial<ListSettings> {
  if (asked === undefined) return {};
  const enabled = asked.enabled ?? before !== null;
  if (!enabled) return { google_analytics: null };
  const { tracking_id, source, restrict_to_domain_list, domain_list } = asked;
  return {
    google_analytics: {
      tracking_id: tracking_id ?? before?.tracking_id ?? "",
      source: source ?? before?.source ?? "",
      restrict_to_domain_list: restrict_to_domain_list ?? before?.restrict_to_domain_list ?? false,
      domain_list: domain_list ?? before?.domain_list ?? [],
    },
  };
}
