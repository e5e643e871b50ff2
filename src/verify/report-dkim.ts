// The DKIM item of a domain's report: keys at known or common selectors, long enough and not withdrawn.
import { fromBase64 } from "../lib/bytes.ts";
import { type DkimRecord, readDkimRecord } from "./dkim-record.ts";
import { reportItem } from "./report-item.ts";
import type { ReportItem, ReportQuestion } from "./report.ts";
import type { Dns } from "./spf-find.ts";

/** Where keys of the usual senders stand; a domain may use others, which nobody can list. */
const COMMON_SELECTORS: readonly string[] = [
  "ep1",
  "ep2",
  "google",
  "selector1",
  "selector2",
  "default",
  "dkim",
  "mail",
  "k1",
  "s1",
  "s2",
];

/** RFC 8301 §3.2: shorter keys are not to be used; 2048 is advised. */
const MIN_RSA_BITS = 1024;
const GOOD_RSA_BITS = 2048;

/** Looks for keys. */
export async function checkDkim(question: ReportQuestion, dns: Dns): Promise<ReportItem> {
  const known = question.selectors.length > 0;
  const selectors = known ? question.selectors : COMMON_SELECTORS;
  const names = selectors.map((selector) => `${selector}._domainkey.${question.domain}`);
  const answers = await Promise.all(names.map((name) => dns(name, "TXT")));
  const found: string[] = [];
  const faults: string[] = [];
  for (const [index, answer] of answers.entries()) {
    const [text] = answer.ok ? answer.value : [];
    if (text === undefined) continue;
    found.push(`${names[index] ?? ""} ${text}`);
    const fault = await keyFault(readDkimRecord(text));
    if (fault !== null) faults.push(`${names[index] ?? ""}: ${fault}`);
  }
  if (found.length === 0 && answers.some(({ ok }) => !ok)) {
    return reportItem("dkim", "unknown", [], "DNS did not answer");
  }
  const [fault] = faults;
  if (found.length > 0 && fault === undefined) return reportItem("dkim", "pass", found, "");
  if (found.length > faults.length) return reportItem("dkim", "warn", found, fault ?? "");
  if (fault !== undefined) return reportItem("dkim", "fail", found, fault);
  const advice = known
    ? "publish the DKIM records of this domain"
    : "no key stands at a common selector; if the domain signs with another one, this check cannot know";
  return reportItem("dkim", known ? "fail" : "warn", [], advice);
}

async function keyFault(record: DkimRecord): Promise<string | null> {
  if (record.kind === "revoked") return "the key was withdrawn (p= is empty)";
  if (record.kind === "wrong") return `the record ${record.reason}`;
  if (record.type !== "rsa") return null;
  const bits = await rsaBits(record.publicKey);
  if (bits === null) return "p= holds no RSA key";
  if (bits < MIN_RSA_BITS)
    return `the key has ${bits} bits, receivers ignore it; use ${GOOD_RSA_BITS}`;
  return bits < GOOD_RSA_BITS ? `the key has ${bits} bits; use ${GOOD_RSA_BITS}` : null;
}

async function rsaBits(publicKey: string): Promise<number | null> {
  const bytes = fromBase64(publicKey);
  if (!bytes) return null;
  const parameters = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  try {
    const key = await crypto.subtle.importKey("spki", bytes, parameters, true, ["verify"]);
    const jwk = await crypto.subtle.exportKey("jwk", key);
    const modulus = "n" in jwk && typeof jwk.n === "string" ? jwk.n : "";
    // Six bits a character of base64url; a modulus starts with a set bit.
    return Math.floor((modulus.length * 6) / 8) * 8;
  } catch {
    // WebCrypto says only that it is none.
    return null;
  }
}
