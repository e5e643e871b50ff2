// Invitations: a link by which a user chooses a password, the first one or another. Nothing is stored: the token is
// signed over the user, the end of its time, the password and the role as they are: one that was used, is older than
// the last change, or was made before its user became something else, opens nothing.
import { toBase64Url } from "../lib/base64url.ts";
import { utf8 } from "../lib/bytes.ts";
import { deriveSecret, hmacSha256, sameBytes } from "../lib/digest.ts";
import type { Role } from "./permission.ts";

/** A weekend and a holiday lie between. */
export const INVITATION_MS = 7 * 24 * 60 * 60 * 1_000;

/** Of a link that somebody asked for who forgot their password: they wait for it (OWASP ASVS 5.0 V6.4.3). */
export const RESET_MS = 60 * 60 * 1_000;

/** What a token says about itself, unproven. */
export type Claim = { readonly userId: string; readonly expiresAt: number };

/** What a user is when a token is made, and must still be when it is used. */
export type Holder = {
  /** The stored form of the password, or null. */
  readonly password: string | null;
  readonly role: Role;
};

/** Makes and proves tokens. */
export type Invitations = {
  readonly token: (claim: Claim, holder: Holder) => Promise<string>;
  readonly isGood: (token: string, holder: Holder) => Promise<boolean>;
};

/** The invitations of a deployment. */
export function invitationsOf(encryptionKey: string): Invitations {
  async function token({ userId, expiresAt }: Claim, { password, role }: Holder): Promise<string> {
    const secret = await deriveSecret(encryptionKey, "edgepost invitations");
    const signed = JSON.stringify([userId, expiresAt, password, role]);
    const mark = toBase64Url(await hmacSha256(secret, utf8(signed)));
    return `${userId}.${expiresAt.toString(36)}.${mark}`;
  }
  return {
    token,
    async isGood(given, holder) {
      const claim = claimOf(given);
      if (!claim) return false;
      return sameBytes(utf8(given), utf8(await token(claim, holder)));
    },
  };
}

/** What a token claims, or null when it is none. */
export function claimOf(token: string): Claim | null {
  const [, userId, expires] = /^([0-9a-f-]{36})\.([0-9a-z]{8,9})\.[\w-]{43}$/.exec(token) ?? [];
  if (userId === undefined || expires === undefined) return null;
  return { userId, expiresAt: Number.parseInt(expires, 36) };
}

/** The page that takes a token; behind the # no server's log sees it. */
export function invitationUrl(origin: string, token: string): string {
  return `${origin}/portal#/invitation/${token}`;
}
