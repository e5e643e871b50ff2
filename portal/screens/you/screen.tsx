// One's own account: the password, the second factor, and where one is signed in.
import { useState } from "preact/hooks";
import { getPage, put, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { useRun } from "../../lib/run.ts";
import { useMe } from "../../lib/session.ts";
import { timeColumn } from "../../ui/columns.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Failure, Mark, Waiting } from "../../ui/parts.tsx";
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
  const change = async (): Promise<void> => {
    await put("/v1/me/password", { current, password });
    setCurrent("");
    setPassword("");
    say("Your password is changed; other browsers are signed out.");
  };
  return (
    <Form title="Password" action="Change it" isMain run={change}>
      <TextField
        label="Current password"
        type="password"
        required
        autocomplete="current-password"
        value={current}
        set={setCurrent}
      />
      <TextField
        label="New password, at least 12 characters"
        type="password"
        required
        minLength={12}
        maxLength={256}
        autocomplete="new-password"
        value={password}
        set={setPassword}
      />
    </Form>
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
  const { error, start } = useRun();
  const end = async (id: string): Promise<void> => {
    await remove(`/v1/sessions/${encodeURIComponent(id)}`);
    sessions.again();
  };
  const columns: readonly Column<Session>[] = [
    { name: "Browser", text: ({ agent }) => agent || "unknown", isLong: true },
    { name: "Address", text: ({ ip }) => ip || "this machine" },
    timeColumn("Signed in", (row) => row.created_at),
    timeColumn("Seen", (row) => row.seen_at),
    {
      name: "End",
      text: ({ current }) => (current ? "this one" : ""),
      show: ({ id, current }) =>
        current ? (
          "this one"
        ) : (
          <button type="button" class="small" onClick={() => start(() => end(id))}>
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
