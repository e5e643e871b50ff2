// People who sign in: addresses, passwords, who may be made what. Nobody signs up; users are made by others.
import { fail, ok, type Result } from "../lib/result.ts";
import { parseAddress } from "./address.ts";
import type { Grant, Role } from "./permission.ts";

/** A user. The password's hash stays in the store. */
export type User = {
  readonly id: string;
  /** In lower case: people are one, however they write their address. */
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly grants: readonly Grant[];
  /** Whether signing in takes a code of an authenticator app, too. */
  readonly secondFactor: boolean;
  readonly createdAt: number;
  /** Since when they cannot sign in, or null. */
  readonly disabledAt: number | null;
};

/** NIST SP 800-63B-4 §3.1.1.2 asks for 15 where the password is all; 12 with the lock of model/log-in.ts. */
export const MIN_PASSWORD_LENGTH = 12;
/** Long enough for any phrase; each character costs time. */
export const MAX_PASSWORD_LENGTH = 256;

/** The address of a user as it is kept, or why it is none. */
export function parseUserEmail(text: string): Result<string, string> {
  const address = parseAddress(text.trim());
  return address.ok ? ok(address.value.toLowerCase()) : fail(address.error);
}

/** Why a password may not be taken, or null. */
export function passwordFault(password: string, email: string): string | null {
  if (password.length < MIN_PASSWORD_LENGTH) {
    return `must have at least ${MIN_PASSWORD_LENGTH} characters`;
  }
  if (password.length > MAX_PASSWORD_LENGTH) {
    return `must have at most ${MAX_PASSWORD_LENGTH} characters`;
  }
  if (new Set(password).size < MIN_DIFFERENT) {
    return `must have at least ${MIN_DIFFERENT} different characters`;
  }
  return password.toLowerCase() === email ? "must not be the address" : null;
}

/** `aaaaaaaaaaaa` and `121212121212` are the first that anybody tries. */
const MIN_DIFFERENT = 5;
