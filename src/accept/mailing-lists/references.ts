// What the settings of lists refer to: names to numbers and back. On the wire most things have both; kept is one
// (contract 3.2).
import type { App } from "../../app.ts";
import { domainOf } from "../../model/address.ts";
import type { CustomField } from "../../model/custom-field.ts";
import type { ListSettings } from "../../model/list-settings.ts";
import { allFields } from "../../store/custom-field.ts";
import { numbersOf } from "../../store/list-number.ts";
import { seedListNames } from "../../store/seed-list.ts";
import { domainHosts } from "../../store/sender-domain-hosts.ts";
import { type VirtualMta, virtualMtas } from "./virtual-mtas.ts";

/** What lists refer to, as far as these lists do. */
export type References = {
  /** Names of seed lists by number. */
  readonly seedLists: ReadonlyMap<number, string>;
  /** Custom fields by number. */
  readonly fields: ReadonlyMap<number, CustomField>;
  /** Numbers of host names of links. */
  readonly urlDomains: ReadonlyMap<string, number>;
  readonly bounces: BounceNumbers;
  readonly mtas: readonly VirtualMta[];
};

/** Numbers of both halves of bounce addresses. */
export type BounceNumbers = {
  readonly users: ReadonlyMap<string, number>;
  readonly domains: ReadonlyMap<string, number>;
};

/** Looks up what settings refer to; what none of them does is not asked for. */
export async function referencesOf(app: App, lists: readonly ListSettings[]): Promise<References> {
  const seeds = [...new Set(lists.flatMap((list) => list.d_seed_list_ids))];
  const previews = lists.some((list) => Object.keys(list.preview_custom_field_data).length > 0);
  const routed = lists.some((list) => list.d_virtual_mta_id !== null);
  const [seedLists, fields, urlDomains, bounces, mtas] = await Promise.all([
    seeds.length === 0
      ? new Map<number, string>()
      : seedListNames(app.db, { ids: seeds, names: [] }),
    previews ? allFields(app.db) : [],
    numbersOf(app.db, "url_domain", texts(lists.map((list) => list.d_url_domain))),
    bounceNumbers(app, texts(lists.map((list) => list.d_bounce_email))),
    routed ? virtualMtas(app) : [],
  ]);
  return {
    seedLists,
    fields: new Map(fields.map((field) => [field.id, field])),
    urlDomains,
    bounces,
    mtas,
  };
}

function texts(values: readonly (string | null)[]): readonly string[] {
  return [...new Set(values.filter((value) => value !== null))];
}

/** Numbers of both halves of addresses. */
export async function bounceNumbers(
  app: App,
  addresses: readonly string[],
): Promise<BounceNumbers> {
  const [users, domains] = await Promise.all([
    numbersOf(app.db, "bounce_user", addresses.map(userOf)),
    numbersOf(app.db, "bounce_domain", addresses.map(domainOf)),
  ]);
  return { users, domains };
}

/** `<user id>@<domain id>` (C-40). */
export function bounceId(address: string, { users, domains }: BounceNumbers): string {
  return `${users.get(userOf(address))}@${domains.get(domainOf(address))}`;
}

/** Hosts that links may lead to: the Worker's own, and those of sender domains. */
export async function urlHosts(app: App): Promise<readonly string[]> {
  const { publicUrl } = app.config;
  const own = publicUrl === null ? [] : [new URL(publicUrl).hostname];
  return [...new Set([...own, ...(await domainHosts(app.db)).tracking])];
}

/** What stands before the @. */
export function userOf(address: string): string {
  return address.slice(0, address.lastIndexOf("@"));
}
