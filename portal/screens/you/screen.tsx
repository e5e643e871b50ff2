// One's own account: the password, the second factor, and where one is signed in.
import { useState } from "preact/hooks";
import { getPage, put, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { useMe } from "../../lib/session.ts";
import { Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { SecondFactor } from "./second-factor.tsx";

export function Screen() {
  const { user } = useMe();
  return (
    <>
      <h1>You</h1>
      <p>
        {user.name}, {user.email} <Mark word={user.role} />
      </p>
      <Password />
      <SecondFactor />
      <Sessions />
    </>
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<unknown>(null);
  const change = async (): Promise<void> => {
    setError(null);
    try {
      await put("/v1/me/password", { current, password });
      setCurrent("");
      setPassword("");
      say("Your password is changed; other browsers are signed out.");
    } catch (error) {
      setError(error);
    }
  };
  return (
    <section class="card narrow" aria-labelledby="password">
      <h2 id="password">Password</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void change();
        }}
      >
        <label>
          <span>Current password</span>
          <input
            type="password"
            required
            autocomplete="current-password"
            value={current}
            onInput={(event) => setCurrent(event.currentTarget.value)}
          />
        </label>
        <label>
          <span>New password, at least 12 characters</span>
          <input
            type="password"
            required
            minLength={12}
            maxLength={256}
            autocomplete="new-password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        {error !== null && <Failure error={error} />}
        <button type="submit" class="main">
          Change it
        </button>
      </form>
    </section>
  );
}

type Session = {
  readonly id: string;
  readonly created_at: string;
  readonly seen_at: string;
  readonly ip: string;
  readonly agent: string;
  readonly current: boolean;
};

function Sessions() {
  const sessions = useLoad(() => getPage<Session>("/v1/sessions", {}), "");
  const [error, setError] = useState<unknown>(null);
  const end = (id: string): void => {
    setError(null);
    remove(`/v1/sessions/${encodeURIComponent(id)}`).then(sessions.again, setError);
  };
  const columns: readonly Column<Session>[] = [
    { name: "Browser", text: ({ agent }) => agent || "unknown", isLong: true },
    { name: "Address", text: ({ ip }) => ip || "this machine" },
    {
      name: "Signed in",
      text: ({ created_at }) => created_at,
      show: ({ created_at }) => <Time at={created_at} />,
    },
    { name: "Seen", text: ({ seen_at }) => seen_at, show: ({ seen_at }) => <Time at={seen_at} /> },
    {
      name: "End",
      text: ({ current }) => (current ? "this one" : ""),
      show: ({ id, current }) =>
        current ? (
          "this one"
        ) : (
          <button type="button" class="small" onClick={() => end(id)}>
            Sign out there
          </button>
        ),
    },
  ];
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">Where you are signed in</h2>
      {error !== null && <Failure error={error} />}
      {sessions.error !== null && <Failure error={sessions.error} again={sessions.again} />}
      {sessions.data === null && sessions.error === null && <Waiting />}
      {sessions.data && (
        <Table
          caption="Your sessions"
          columns={columns}
          rows={sessions.data.data}
          keyOf={({ id }) => id}
        />
      )}
    </section>
  );
}
