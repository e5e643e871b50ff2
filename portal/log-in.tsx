// The log-in page: an API key, tried before it is kept.
import { useState } from "preact/hooks";
import { get } from "./lib/api.ts";
import { keepKey, signOut } from "./lib/session.ts";
import { Failure } from "./ui/parts.tsx";

export type LogInProps = { readonly reason: string | null; readonly done: () => void };

export function LogIn({ reason, done }: LogInProps) {
  const [key, setKey] = useState("");
  const [error, setError] = useState<unknown>(null);
  const submit = async (): Promise<void> => {
    setError(null);
    keepKey(key.trim());
    await get("/v1/account/limits").then(done, (error: unknown) => {
      signOut(null);
      setError(error);
    });
  };
  return (
    <main class="log-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h1>
          <img src="/docs/icon.svg" alt="" width="32" height="32" /> Edgepost
        </h1>
        {reason !== null && error === null && <p role="status">{reason}</p>}
        <label>
          <span>API key</span>
          <input
            type="password"
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
            placeholder="ep_live_…"
            autocomplete="off"
            spellcheck={false}
            required
            pattern="[!-~ ]+"
            title="letters, digits and signs, without accents"
            aria-describedby="key-note"
          />
        </label>
        <p id="key-note" class="quiet">
          Kept in this tab until it is closed. <code>npm start</code> prints one; with the scope
          read everything can be seen, send and manage do more.
        </p>
        {error !== null && <Failure error={error} />}
        <button type="submit" class="main">
          Sign in
        </button>
      </form>
    </main>
  );
}
