// Which relays this run can use, and what it learns of them: three connects that fail in a row put a
// relay aside, one that works brings it back.
import type { App } from "../app.ts";
import { type Route, route } from "../deliver/route.ts";
import { reasonOf } from "../lib/log.ts";
import { open } from "../lib/seal.ts";
import { DEFAULT_RELAY_ID, type RelayHealth, type UsableRelay } from "../model/relay.ts";
import { forgetFailures, listRelays, noteFailure, type StoredRelay } from "../store/relay.ts";
import { putAside } from "./backoff.ts";

/** The relays of one run. */
export type RelayBoard = {
  /** What to do with due mail now; `relay` is null unless one is usable. */
  readonly route: () => { readonly route: Route; readonly relay: UsableRelay | null };
  /** The next relay in order after one that could not be used, for the same message; or null. */
  readonly after: (relay: UsableRelay) => UsableRelay | null;
  readonly failed: (relay: UsableRelay, reason: string) => void;
  readonly works: (relay: UsableRelay) => void;
};

/** Reads the relays and their health: one D1 round trip a run. RELAY_URL comes after the others. */
export async function relayBoard(app: App): Promise<RelayBoard> {
  const { relays, health, vendors } = await listRelays(app.db);
  const usable = (await Promise.all(relays.map((relay) => usableRelay(app, relay)))).flat();
  const { defaultRelay } = app.config;
  if (defaultRelay) usable.push({ id: DEFAULT_RELAY_ID, login: defaultRelay, verp: true });
  const board = new Map<string, UsableRelay>(
    usable.map((relay) => [
      relay.id,
      {
        ...relay,
        health: health.get(relay.id) ?? null,
        vendor: vendors.get(relay.id) ?? null,
      },
    ]),
  );

  function setHealth(relay: UsableRelay, health: RelayHealth | null): void {
    board.set(relay.id, { ...relay, health });
  }

  return {
    route() {
      const chosen = route([...board.values()], app.now());
      return { route: chosen, relay: chosen.kind === "relay" ? chosen.relay : null };
    },
    after(relay) {
      const rest = [...board.values()];
      const place = rest.findIndex(({ id }) => id === relay.id);
      const chosen = route(rest.slice(place + 1), app.now());
      return chosen.kind === "relay" ? chosen.relay : null;
    },
    failed(relay, reason) {
      // Connects that were under way when it was put aside do not put it aside for longer.
      if ((board.get(relay.id)?.health?.asideUntil ?? 0) > app.now()) return;
      const failures = (board.get(relay.id)?.health?.failures ?? 0) + 1;
      const pause = putAside(failures);
      const asideUntil = pause === null ? null : app.now() + pause;
      setHealth(relay, { failures, asideUntil, reason });
      app.log("warn", "relay_unusable", { relay: relay.id, failures, reason });
      const noted = noteFailure(app.db, relay.id, { failures, asideUntil, reason });
      app.background("note_relay_failure_failed", noted);
    },
    works(relay) {
      if (!board.get(relay.id)?.health) return;
      setHealth(relay, null);
      app.background("forget_relay_failures_failed", forgetFailures(app.db, relay.id));
    },
  };
}

type KnownLogin = Pick<UsableRelay, "id" | "login" | "verp">;

/** The relay with its login; nothing when its password does not open, so that the others go on. */
async function usableRelay(app: App, relay: StoredRelay): Promise<readonly KnownLogin[]> {
  try {
    return [await opened(app, relay)];
  } catch (error) {
    app.log("error", "relay_password_unreadable", { relay: relay.id, reason: reasonOf(error) });
    return [];
  }
}

async function opened(app: App, relay: StoredRelay): Promise<KnownLogin> {
  const { id, host, port, tls, username, verp, sealedPassword } = relay;
  const password =
    sealedPassword === null
      ? null
      : await open(app.config.encryptionKey, `relay:${id}`, sealedPassword);
  // `none` is only ever stored for a loopback relay in local development.
  const allowCleartextAuth = tls === "none" && app.config.localDev;
  return { id, verp, login: { host, port, tls, username, password, allowCleartextAuth } };
}
