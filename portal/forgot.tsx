// For who forgot their password: asks for a link by mail. What it says is the same whoever asks.
import { useState } from "preact/hooks";
import { post } from "./lib/api.ts";
import { useRun } from "./lib/run.ts";
import { TextField } from "./ui/fields.tsx";
import { Failure } from "./ui/parts.tsx";

export type ForgotProps = { readonly email: string; readonly back: () => void };

export function Forgot({ email: known, back }: ForgotProps) {
  const [email, setEmail] = useState(known);
  const [asked, setAsked] = useState<string | null>(null);
  const { error, start } = useRun();
  const ask = async (): Promise<void> => {
    await post("/v1/sessions/reset", { email });
    setAsked(email);
  };
  return (
    <main class="log-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start(ask);
        }}
      >
        <h1>Forgot your password?</h1>
        <TextField
          label="Email"
          type="email"
          autocomplete="username"
          required
          value={email}
          set={setEmail}
        />
        {asked !== null && (
          <p role="status">
            If {asked} may sign in here, a link is on its way. It is good for an hour. When none
            comes, ask an admin of yours for one.
          </p>
        )}
        {error !== null && <Failure error={error} />}
        <button type="submit" class="main">
          Mail me a link
        </button>
        <button type="button" onClick={back}>
          Back to the log-in
        </button>
      </form>
    </main>
  );
}
