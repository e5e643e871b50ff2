// Which Worker a user name belongs to: the tenants file, a JSON object from the domain of user names to
// the Worker's address and the secret that this gateway shows there. `*` stands for every other domain.
import * as z from "zod";

/** A deployment of Edgepost that this gateway serves. */
export type Tenant = { readonly workerUrl: string; readonly secret: string };

/** The tenants by domain. */
export type Tenants = {
  /** The tenant of a user name, by what follows its last `@`; null when nobody has it. */
  readonly of: (username: string) => Tenant | null;
  readonly size: number;
};

/** 32 bytes in base64, as GATEWAY_SECRETS of the Worker demands. */
const MIN_SECRET_CHARACTERS = 43;

const LOOPBACK_HOSTS: readonly string[] = ["127.0.0.1", "[::1]", "localhost"];

const DOMAIN = /^(\*|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)$/;

const tenantSchema = z.strictObject({
  worker_url: z.string().refine(isWorkerUrl, {
    error: "must be an origin such as https://mail.example.com (http only on loopback)",
  }),
  secret: z.string().regex(new RegExp(`^[\\x21-\\x7e]{${MIN_SECRET_CHARACTERS},}$`), {
    error: "must be the base64 of at least 32 bytes, as in the Worker's GATEWAY_SECRETS",
  }),
});

const fileSchema = z.record(z.string(), tenantSchema).superRefine((tenants, context) => {
  for (const domain of Object.keys(tenants)) {
    if (DOMAIN.test(domain)) continue;
    context.addIssue({
      code: "custom",
      path: [domain],
      message: "must be a domain in lower case, or *",
    });
  }
});

/** Parses the file; throws an Error that names the entry and what it should be, never a secret. */
export function parseTenants(text: string): Tenants {
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new Error(`tenants file: ${z.prettifyError(parsed.error)}`);
  const entries = Object.entries(parsed.data);
  if (entries.length === 0) throw new Error("tenants file: it names no tenant");
  const byDomain = new Map(
    entries.map(([domain, { worker_url, secret }]) => [domain, { workerUrl: worker_url, secret }]),
  );
  return {
    of(username) {
      const domain = username.slice(username.lastIndexOf("@") + 1).toLowerCase();
      const own = username.includes("@") ? byDomain.get(domain) : undefined;
      return own ?? byDomain.get("*") ?? null;
    },
    size: byDomain.size,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the parser's words: they repeat a part of the file, which holds secrets.
    throw new Error("tenants file: it is not JSON");
  }
}

function isWorkerUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || url.username !== "" || url.pathname !== "/" || url.search !== "") return false;
  return (
    url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK_HOSTS.includes(url.hostname))
  );
}
