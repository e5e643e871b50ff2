// What the operations of people who sign in take alike.
import { MAX_PASSWORD_LENGTH } from "../../model/user.ts";
import { string } from "./fields.ts";

/** An address, passwords, a code or a token take less. */
export const MAX_BODY_BYTES = 4_096;

/** A recovery code, with spaces. */
export const MAX_CODE_LENGTH = 50;

/** A password that somebody gives or chooses. */
export function password(what: string) {
  return string(what).max(
    MAX_PASSWORD_LENGTH,
    `must have at most ${MAX_PASSWORD_LENGTH} characters`,
  );
}
