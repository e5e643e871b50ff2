// Who is signed in: an API key that this tab keeps until it is closed. Never in a URL, never in localStorage.
const SLOT = "edgepost-key";

let tell: (reason: string | null) => void = () => undefined;

/** The key of this tab, or null. */
export function storedKey(): string | null {
  return sessionStorage.getItem(SLOT);
}

/** Keeps a key in this tab. */
export function keepKey(key: string): void {
  sessionStorage.setItem(SLOT, key);
}

/** Forgets the key; the log-in page shows the reason. */
export function signOut(reason: string | null): void {
  sessionStorage.removeItem(SLOT);
  tell(reason);
}

/** Who is told when the session ends. */
export function onSignOut(listener: (reason: string | null) => void): void {
  tell = listener;
}
