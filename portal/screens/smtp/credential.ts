// What /v1/smtp-credentials answers and takes. Pure.

export type Credential = {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly domain: string;
  readonly sender_domain: string | null;
  readonly mail_class: string | null;
  readonly require_tls: boolean;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
};

/** Where mail programs sign in, as GET /v1/account says it. */
export type Gateway = {
  readonly host: string;
  readonly port: number;
  readonly tls: "implicit" | "starttls" | "none";
};

/** How the connection is kept secret, in words. */
export const TLS_WORDS: Readonly<Record<Gateway["tls"], string>> = {
  implicit: "TLS from the start",
  starttls: "STARTTLS",
  none: "no TLS: this machine only",
};

/** The form of a new credential; what is empty is not asked for. */
export type NewCredential = {
  readonly name: string;
  readonly domain: string;
  readonly senderDomain: string;
  readonly mailClass: string;
  readonly expires: string;
  readonly requireTls: boolean;
};

export const NO_CREDENTIAL: NewCredential = {
  name: "",
  domain: "",
  senderDomain: "",
  mailClass: "",
  expires: "",
  requireTls: false,
};

/** The body of POST /v1/smtp-credentials. */
export function bodyOf(fields: NewCredential) {
  const { name, domain, senderDomain, mailClass, expires, requireTls } = fields;
  return {
    name,
    domain: domain.trim(),
    require_tls: requireTls,
    ...(senderDomain.trim() === "" ? {} : { sender_domain: senderDomain.trim() }),
    ...(mailClass === "" ? {} : { mailClass }),
    ...(expires === "" ? {} : { expires_at: expires }),
  };
}

/** What a credential is kept to, in words. */
export function boundsText(credential: Credential): string {
  const { sender_domain: sender, mail_class: mailClass, require_tls: isTls } = credential;
  return [sender, mailClass && `${mailClass} mail`, isTls && "TLS only"].filter(Boolean).join(", ");
}
