// One short message at a time, said to screen readers too.
import { useEffect, useState } from "preact/hooks";

/** Long enough to read two lines. */
const SHOWN_MS = 6_000;

let show: (text: string) => void = () => undefined;

/** Shows a message for a while. */
export function say(text: string): void {
  show(text);
}

export function Toast() {
  const [text, setText] = useState("");
  useEffect(() => {
    show = setText;
  }, []);
  useEffect(() => {
    if (text === "") return undefined;
    const timer = setTimeout(() => setText(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="toast" role="status">
      {text && <p>{text}</p>}
    </div>
  );
}
