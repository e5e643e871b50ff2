// Finds mail from every screen: by its recipient, its id, its tag. The key / goes there.
import { useEffect, useRef, useState } from "preact/hooks";
import { placeFor } from "./lib/find.ts";
import { go } from "./lib/router.ts";

const HINT = "Address, message id or tag";

export function Find() {
  const [text, setText] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const follow = (event: KeyboardEvent): void => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", follow);
    return () => removeEventListener("keydown", follow);
  }, []);
  return (
    <form
      class="find"
      role="search"
      aria-label="Find mail"
      onSubmit={(event) => {
        event.preventDefault();
        const place = placeFor(text);
        if (place === null) return;
        setText("");
        go(place);
      }}
    >
      <input
        ref={input}
        type="search"
        aria-label={HINT}
        aria-keyshortcuts="/"
        placeholder="Find mail ( / )"
        title={HINT}
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}

/** Where a / is a letter. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}
