// Pages by number (contract 3.1): `page` counts from 0.
import * as z from "zod";

/** Records of a page unless asked otherwise, and at most. */
const PER_PAGE = 100;
const MAX_PER_PAGE = 500;

/** Nothing has so many pages. */
const MAX_PAGE = 1_000_000;

function whole(least: number, most: number) {
  const reason = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, reason)
    .transform(Number)
    .pipe(z.number().min(least, reason).max(most, reason));
}

/** The query of a page. */
export const pageQuery = z.object({
  page: whole(0, MAX_PAGE).default(0),
  per_page: whole(1, MAX_PER_PAGE).default(PER_PAGE),
});
export type PageAsked = z.output<typeof pageQuery>;

/** What stands beside the data of a page. */
export function pageKeys({ page, per_page }: PageAsked, total: number) {
  return { page, per_page, num_records: total, num_pages: Math.ceil(total / per_page) };
}
