// Names that the Mailing Lists API shows numbers for (contract 3.6, C-40).

/**
 * Host names of tracked links, domains of return paths and what stands before their @, and virtual MTAs.
 */
export type NumberedKind = "url_domain" | "bounce_domain" | "bounce_user" | "virtual_mta";
