// The certificate that clients see: checked before it is used, so that a wrong one changes nothing.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";

/** A certificate chain and its key, PEM. */
export type Certificate = {
  readonly cert: string;
  readonly key: string;
  /** Epoch milliseconds of the end of its validity. */
  readonly expiresAt: number;
};

/** TLS 1.0 and 1.1 are gone (RFC 8996). */
export const MIN_TLS_VERSION = "TLSv1.2";

/** Throws when the two do not belong together or cannot be read. */
export function checkedCertificate(cert: string, key: string): Certificate {
  const parsed = new X509Certificate(cert);
  if (!parsed.checkPrivateKey(createPrivateKey(key))) {
    throw new Error("the certificate and the key do not belong together");
  }
  // The chain behind the first certificate, and what OpenSSL thinks of them all.
  createSecureContext({ cert, key, minVersion: MIN_TLS_VERSION });
  return { cert, key, expiresAt: Date.parse(parsed.validTo) };
}
