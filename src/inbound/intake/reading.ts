// What came of proving and reading one request to an intake.
import type { VendorEvent } from "./vendor-event.ts";

/** What an intake makes of a request. */
export type Reading =
  | { readonly kind: "events"; readonly events: readonly VendorEvent[] }
  /** Not proved to be the vendor's. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The vendor's, but not in the form that it documents. */
  | { readonly kind: "malformed"; readonly reason: string }
  /** It could not be proved now. */
  | { readonly kind: "unavailable"; readonly reason: string };
