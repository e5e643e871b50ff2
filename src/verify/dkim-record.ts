// A DKIM key record as a receiver reads it (RFC 6376 §3.6.1). Pure.
import { readTags } from "../model/tag-list.ts";

/** What a record is to a verifier. */
export type DkimRecord =
  | { readonly kind: "key"; readonly type: string; readonly publicKey: string }
  /** `p=` is empty: the key was withdrawn. */
  | { readonly kind: "revoked" }
  | { readonly kind: "wrong"; readonly reason: string };

/** Reads a record. */
export function readDkimRecord(text: string): DkimRecord {
  const tags = readTags(text);
  if (!tags) return { kind: "wrong", reason: "is no list of tags" };
  if ((tags.get("v") ?? "DKIM1") !== "DKIM1")
    return { kind: "wrong", reason: "has another version" };
  const publicKey = tags.get("p")?.replace(/\s+/g, "");
  if (publicKey === undefined) return { kind: "wrong", reason: "has no p= tag" };
  if (publicKey === "") return { kind: "revoked" };
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(publicKey))
    return { kind: "wrong", reason: "has no base64 in p=" };
  return { kind: "key", type: (tags.get("k") ?? "rsa").toLowerCase(), publicKey };
}
