// One large thing at a time in an isolate: its 128 MB hold one 40 MB body and what is made of it, or
// one 25 MB message and its bytes, not two of them.

/** From here on a body or a content counts as large; below it several fit. */
export const LARGE_BYTES = 5 * 1024 * 1024;

/** Ends the turn of whoever was let in; a second call does nothing. */
export type Leave = () => void;

/** How often one who waits looks: invocations must not wake each other, so nobody is called. */
const LOOK_MS = 50;

/** Longer than any large message takes to leave; then somebody forgot to. */
const ENTER_DEADLINE_MS = 180_000;

let inside = false;

/** Lets the caller in if nobody is inside, else null. */
export function tryEnter(): Leave | null {
  if (inside) return null;
  inside = true;
  let left = false;
  return () => {
    if (left) return;
    left = true;
    inside = false;
  };
}

/** Lets the caller in as soon as nobody is inside. Throws after three minutes. */
export async function enter(): Promise<Leave> {
  for (let waited = 0; waited < ENTER_DEADLINE_MS; waited += LOOK_MS) {
    const leave = tryEnter();
    if (leave) return leave;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error("another large message did not end in time");
}
