// A list as the wire of the Mailing Lists API shows it: every key of contract 3.2, in the documented order.
import type { CustomField } from "../../model/custom-field.ts";
import type { List } from "../../model/list.ts";
import { type ListAnalytics, type ListSettings, listSettings } from "../../model/list-settings.ts";
import { bounceId, type References } from "./references.ts";

/** A list with all its settings. */
export function shownList(list: List, references: References) {
  const settings = listSettings(list.settings);
  const { urlDomains, bounces } = references;
  const { d_url_domain: urlDomain, d_bounce_email: bounce } = settings;
  const mta = references.mtas.find(({ id }) => id === settings.d_virtual_mta_id);
  return {
    id: list.id,
    name: list.name,
    d_from_email: settings.d_from_email,
    d_from_name: settings.d_from_name,
    d_reply_to: settings.d_reply_to,
    d_virtual_mta: mta?.name ?? null,
    d_virtual_mta_id: mta?.id ?? null,
    d_url_domain: urlDomain,
    d_url_domain_id: urlDomain === null ? null : (urlDomains.get(urlDomain) ?? null),
    d_speed: settings.d_speed,
    d_sender_email: settings.d_sender_email,
    d_bounce_email: bounce,
    d_bounce_email_id: bounce === null ? null : bounceId(bounce, bounces),
    d_seed_lists: seedLists(settings, references),
    d_autowinner_enabled: settings.d_autowinner_enabled,
    d_autowinner_percentage: settings.d_autowinner_percentage,
    d_autowinner_delay_amount: settings.d_autowinner_delay_amount,
    d_autowinner_delay_unit: settings.d_autowinner_delay_unit,
    d_autowinner_metric: settings.d_autowinner_metric,
    has_format: settings.has_format,
    has_confirmed: settings.has_confirmed,
    custom_headers_enabled: settings.custom_headers_enabled,
    custom_headers: settings.custom_headers,
    primary_key_custom_field_id: settings.primary_key_custom_field_id,
    preview_custom_field_data: preview(settings, references),
    is_remote_list: false,
    google_analytics: shownAnalytics(settings.google_analytics),
  };
}

function seedLists({ d_seed_list_ids: ids }: ListSettings, { seedLists: names }: References) {
  return ids.flatMap((id) => {
    const name = names.get(id);
    return name === undefined ? [] : [{ id, name }];
  });
}

function preview({ preview_custom_field_data: values }: ListSettings, { fields }: References) {
  return longValues(
    Object.entries(values).flatMap(([id, value]) => {
      const field = fields.get(Number(id));
      return field ? [[field, value] as const] : [];
    }),
  );
}

/** Values of custom fields in the long form, by name. */
export function longValues(values: readonly (readonly [CustomField, unknown])[]) {
  return Object.fromEntries(
    values.map(([{ name, type }, value]) => [name, { name, type, value }] as const),
  );
}

function shownAnalytics(analytics: ListAnalytics | null) {
  if (analytics === null) return { enabled: false };
  const { tracking_id, source, restrict_to_domain_list, domain_list } = analytics;
  return { enabled: true, tracking_id, source, restrict_to_domain_list, domain_list };
}
