// Values that are read from files and read again when these change: certificate and tenants. Compares
// contents, so that links which are moved to new files (as ACME clients do) are seen too.
import { readFile } from "node:fs/promises";
import { type Log, reasonOf } from "../src/lib/log.ts";

/** Certificates change every few weeks and tenants every few days: seconds do not matter. */
const LOOK_EVERY_MS = 5_000;

/** A value that is kept current. */
export type Current<T> = {
  readonly value: () => T;
  /** Looks now, as SIGHUP asks for. */
  readonly look: () => Promise<void>;
  readonly stop: () => void;
};

/** What is read and made of it; `parse` throws when the contents are no good. */
export type Source<T> = {
  readonly files: readonly string[];
  readonly parse: (...contents: string[]) => T;
  /** Told each new value but the first. */
  readonly changed: (value: T) => void;
  readonly log: Log;
};

/**
 * Reads the files, and again when they change. The first failure throws; a later one is logged once
 * for each new content, and the value stays what it was.
 */
export async function keepCurrent<T>(source: Source<T>): Promise<Current<T>> {
  const { files, parse, changed, log } = source;
  const read = (): Promise<string[]> => Promise.all(files.map((file) => readFile(file, "utf8")));
  const names = files.join(" ");
  let seen = await read();
  let value = parse(...seen);
  const look = async (): Promise<void> => {
    try {
      const now = await read();
      if (now.every((content, index) => content === seen[index])) return;
      seen = now;
      value = parse(...now);
      changed(value);
      log("info", "reloaded", { files: names });
    } catch (error) {
      log("error", "reload_failed", { files: names, reason: reasonOf(error) });
    }
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return { value: () => value, look, stop: () => clearInterval(timer) };
}
