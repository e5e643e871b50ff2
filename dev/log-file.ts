// A log file of bounded length, for what runs beside `npm start`.
import { createWriteStream, type WriteStream } from "node:fs";

/** A log that is written to. */
export type LogFile = {
  readonly write: (chunk: Buffer | string) => void;
  /** The last lines, for an error message. */
  readonly tail: () => string;
  readonly close: () => void;
};

/** The log starts again when it is this long. */
const LIMIT_BYTES = 10_000_000;

/** Characters of the log that an error message repeats. */
const TAIL_LENGTH = 4_000;

/** Opens the file anew; only its owner may read it. */
export function openLogFile(path: string): LogFile {
  let file: WriteStream = createWriteStream(path, { mode: 0o600 });
  let size = 0;
  let tail = "";
  return {
    write: (chunk) => {
      size += chunk.length;
      if (size > LIMIT_BYTES) {
        file.end();
        file = createWriteStream(path, { mode: 0o600 });
        size = chunk.length;
      }
      file.write(chunk);
      tail = (tail + chunk.toString()).slice(-TAIL_LENGTH);
    },
    tail: () => tail,
    close: () => file.end(),
  };
}
