// Makes the peers' certificates and has this process's workerd trust their CA. Miniflare reads
// NODE_EXTRA_CA_CERTS once, when it is imported: call this before anything imports it, or no peer's
// certificate verifies.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makeCertificates } from "./certificate.ts";
import type { Certificates } from "./certificate.ts";

const KEY = Symbol.for("edgepost.test.certificates");
const shared: Record<symbol, { certificates: Certificates; trusted: boolean } | undefined> =
  Object.assign(globalThis);

/** Makes the CA and names it in NODE_EXTRA_CA_CERTS; a second call does nothing. */
export function trustTestPeers(): void {
  if (shared[KEY] !== undefined) return;
  const certificates = makeCertificates();
  const folder = mkdtempSync(join(tmpdir(), "edgepost-test-ca-"));
  const file = join(folder, "ca.pem");
  writeFileSync(file, certificates.ca);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.env["NODE_EXTRA_CA_CERTS"] = file;
  shared[KEY] = { certificates, trusted: true };
}

/** The certificates of this process, and whether its workerd was made to trust them. */
export function testCertificates(): { certificates: Certificates; trusted: boolean } {
  return shared[KEY] ?? { certificates: makeCertificates(), trusted: false };
}
