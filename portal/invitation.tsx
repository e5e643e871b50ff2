// The page of an invitation's link: its user chooses a password.
import { useState } from "preact/hooks";
import { post } from "./lib/api.ts";
import { go } from "./lib/router.ts";
import { useRun } from "./lib/run.ts";
import { Failure } from "./ui/parts.tsx";

export type InvitationProps = { readonly token: string; readonly done: (email: string) => void };

export function Invitation({ token, done }: InvitationProps) {
  const [password, setPassword] = useState("");
  const { error, start } = useRun();
  const submit = async (): Promise<void> => {
    const body = { token, password };
    const { data } = await post<{ data: { email: string } }>("/v1/invitations", body);
    done(data.email);
    go({ screen: "overview" });
  };
  return (
    <main class="log-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start(submit);
        }}
      >
        <h1>Choose a password</h1>
        <label>
          <span>Password</span>
          <input
            type="password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
            autocomplete="new-password"
            required
            minLength={12}
            maxLength={256}
            aria-describedby="password-note"
          />
        </label>
        <p id="password-note" class="quiet">
          At least 12 characters. Whoever is signed in with the old one is signed out.
        </p>
        {error !== null && <Failure error={error} />}
        <button type="submit" class="main">
          Keep it
        </button>
      </form>
    </main>
  );
}
