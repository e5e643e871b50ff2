// The log-in page: address and password, and then a code of who has a second factor.
import { useEffect, useRef, useState } from "preact/hooks";
import { Forgot } from "./forgot.tsx";
import { useTask } from "./lib/run.ts";
import { type Me, signIn, wantsCode } from "./lib/session.ts";
import { Failure } from "./ui/parts.tsx";

export type LogInProps = { readonly reason: string | null; readonly done: (me: Me) => void };

export function LogIn({ reason, done }: LogInProps) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const { error, isBusy, start } = useTask();
  const [code, setCode] = useState("");
  const [needsCode, setNeedsCode] = useState(false);
  const codeField = useRef<HTMLInputElement>(null);
  useEffect(() => codeField.current?.focus(), [needsCode]);
  const [isForgotten, setForgotten] = useState(false);
  const submit = (): Promise<void> =>
    signIn(email, password, code).then(done, (error: unknown) => {
      if (!wantsCode(error)) throw error;
      setNeedsCode(true);
    });
  if (isForgotten) return <Forgot email={email} back={() => setForgotten(false)} />;
  return (
    <main class="log-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start(submit);
        }}
      >
        <h1>
          <img src="/docs/icon.svg" alt="" width="32" height="32" /> Edgepost
        </h1>
        {reason !== null && error === null && <p role="status">{reason}</p>}
        <label>
          <span>Email</span>
          <input
            type="email"
            name="email"
            value={email}
            onInput={(event) => setEmail(event.currentTarget.value)}
            autocomplete="username"
            required
          />
        </label>
        <label>
          <span>Password</span>
          <input
            type="password"
            name="password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
            autocomplete="current-password"
            required
            aria-describedby="log-in-note"
          />
        </label>
        <p id="log-in-note" class="quiet">
          <code>npm start</code> prints the first one. Accounts are made by those who have one.
        </p>
        {needsCode && (
          <label>
            <span>Code of your authenticator app, or a recovery code</span>
            <input
              ref={codeField}
              value={code}
              onInput={(event) => setCode(event.currentTarget.value)}
              autocomplete="one-time-code"
              spellcheck={false}
              required
            />
          </label>
        )}
        {error !== null && <Failure error={error} />}
        <button type="submit" class="main" aria-disabled={isBusy}>
          Sign in
        </button>
        <button type="button" onClick={() => setForgotten(true)}>
          Forgot password?
        </button>
      </form>
    </main>
  );
}
