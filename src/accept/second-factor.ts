// Codes of a second factor: judged, and used up.
import type { App } from "../app.ts";
import { open } from "../lib/seal.ts";
import { stepOf } from "../lib/totp.ts";
import { appCode, recoveryHash, sealedFor, secretBytes } from "../model/second-factor.ts";
import { findFactor, type StoredFactor, useRecoveryCode, useStep } from "../store/second-factor.ts";

/** Uses up a code of the app or a recovery code; false when it is none, or was used. */
export async function useCode(app: App, userId: string, code: string): Promise<boolean> {
  const digits = appCode(code);
  if (digits === null) return useRecoveryCode(app.db, userId, await recoveryHash(userId, code));
  const factor = await findFactor(app.db, userId);
  const step = factor && (await stepOfCode(app, { userId, factor, digits }));
  return step !== null && useStep(app.db, userId, step);
}

/** The step whose code this is, or null. */
export async function stepOfCode(
  app: App,
  asked: { readonly userId: string; readonly factor: StoredFactor; readonly digits: string },
): Promise<number | null> {
  const { userId, factor, digits } = asked;
  const secret = await open(app.config.encryptionKey, sealedFor(userId), factor.secret);
  return stepOf(secretBytes(secret), digits, app.now());
}
