// What the Mailing Lists API answers with, for the OpenAPI document (contract 3.1, 3.2, 3.5, 3.6).
import * as z from "zod";

const text = z.string().nullable();
const number = z.number().nullable();

/** The envelope around data. */
export function answerOf<Data extends z.ZodType>(data: Data) {
  return z.object({
    success: z.literal(true),
    data,
    error_code: z.null(),
    error_message: z.null(),
  });
}

/** The envelope around a page, which tells where it stands. */
export function pageAnswerOf<Item extends z.ZodType>(item: Item) {
  return answerOf(z.array(item)).extend({
    page: z.int(),
    per_page: z.int(),
    num_records: z.int(),
    num_pages: z.int(),
  });
}

/** Values of custom fields in the long form. */
export const longValuesView = z.record(
  z.string(),
  z.object({ name: z.string(), type: z.string(), value: z.unknown() }),
);

export const listView = z.object({
  id: z.int(),
  name: z.string(),
  d_from_email: text,
  d_from_name: text,
  d_reply_to: text,
  d_virtual_mta: text,
  d_virtual_mta_id: number,
  d_url_domain: text,
  d_url_domain_id: number,
  d_speed: number,
  d_sender_email: text,
  d_bounce_email: text,
  d_bounce_email_id: text,
  d_seed_lists: z.array(z.object({ id: z.int(), name: z.string() })),
  d_autowinner_enabled: z.boolean(),
  d_autowinner_percentage: text,
  d_autowinner_delay_amount: number,
  d_autowinner_delay_unit: z.string(),
  d_autowinner_metric: text,
  has_format: z.boolean(),
  has_confirmed: z.boolean(),
  custom_headers_enabled: z.boolean(),
  custom_headers: z.string(),
  primary_key_custom_field_id: number,
  preview_custom_field_data: longValuesView,
  is_remote_list: z.boolean(),
  google_analytics: z.object({
    enabled: z.boolean(),
    tracking_id: z.string().optional(),
    source: z.string().optional(),
    restrict_to_domain_list: z.boolean().optional(),
    domain_list: z.array(z.string()).optional(),
  }),
});

export const deleteCodeView = z.object({
  delete_confirmation_code: z.string(),
  delete_confirmation_expires_at: z.iso.datetime(),
});

export const virtualMtaView = z.object({ id: z.int(), type: z.string(), name: z.string() });
export const urlDomainView = z.object({ id: z.int(), domain: z.string() });
export const bounceEmailView = z.object({
  id: z.string(),
  username: z.string(),
  domain: z.string(),
  email: z.string(),
});

export const seedListView = z.object({
  id: z.int(),
  name: z.string(),
  addresses_array: z.array(z.string()),
});

export const subscriberView = z.object({
  id: z.int(),
  mailing_list_id: z.int(),
  email: z.string(),
  created_at: z.iso.datetime(),
  created_at_epoch: z.int(),
  status: z.string(),
  subscribe_time: z.iso.datetime(),
  subscribe_time_epoch: z.int(),
  subscribe_ip: text,
  confirmed: z.boolean().optional(),
  email_format: z.string().optional(),
  custom_fields: longValuesView,
});

export const fieldView = z.looseObject({
  id: z.int(),
  name: z.string(),
  field_type: z.string(),
  required: z.boolean(),
  instructions: z.string(),
  is_global: z.boolean(),
});
