// The team: who may sign in, as what, with which modules; invitations.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { usePages } from "../../lib/pages.ts";
import { hashOf, usePlace } from "../../lib/router.ts";
import { Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { InvitationLink } from "./invitation-link.tsx";
import { OneUser } from "./one-user.tsx";
import { type Invited, modulesText, ROLE_WORDS, ROLES, type User } from "./user.ts";

/** As many as the API gives at once; larger teams go on by "Older". */
const PAGE = 100;

export function Screen() {
  const { id } = usePlace();
  return id === "" ? <Team /> : <OneUser key={id} id={id} />;
}

const COLUMNS: readonly Column<User>[] = [
  {
    name: "Name",
    text: ({ name }) => name,
    show: ({ id, name }) => <a href={hashOf({ screen: "team", id })}>{name}</a>,
  },
  { name: "Email", text: ({ email }) => email, isLong: true },
  { name: "Role", text: ({ role }) => role, show: ({ role }) => <Mark word={role} /> },
  { name: "State", text: ({ state }) => state, show: ({ state }) => <Mark word={state} /> },
  { name: "Second factor", text: ({ second_factor }) => (second_factor ? "on" : "off") },
  { name: "Modules", text: modulesText, isLong: true },
  {
    name: "Since",
    text: ({ created_at }) => created_at,
    show: ({ created_at }) => <Time at={created_at} />,
  },
];

function Team() {
  const users = usePages<User>("/v1/users", { limit: PAGE });
  return (
    <>
      <h1>Team</h1>
      <Invite done={users.again} />
      {users.error !== null && <Failure error={users.error} again={users.again} />}
      {users.rows === null && users.error === null && <Waiting />}
      {users.rows && (
        <Table
          caption="Users"
          columns={COLUMNS}
          rows={users.rows}
          keyOf={({ id }) => id}
          more={users.more}
        />
      )}
    </>
  );
}

const NOBODY = { email: "", name: "", role: "developer" };

function Invite({ done }: { readonly done: () => void }) {
  const [fields, setFields] = useState(NOBODY);
  const [made, setMade] = useState<(User & Invited) | null>(null);
  const [error, setError] = useState<unknown>(null);
  const set =
    (name: keyof typeof NOBODY) =>
    (event: { readonly currentTarget: { readonly value: string } }): void =>
      setFields({ ...fields, [name]: event.currentTarget.value });
  const invite = async (): Promise<void> => {
    setError(null);
    try {
      setMade((await post<{ data: User & Invited }>("/v1/users", fields)).data);
      setFields(NOBODY);
      done();
    } catch (error) {
      setError(error);
    }
  };
  return (
    <section class="card" aria-labelledby="invite">
      <h2 id="invite">Invite somebody</h2>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          void invite();
        }}
      >
        <label>
          <span>Email</span>
          <input type="email" required value={fields.email} onInput={set("email")} />
        </label>
        <label>
          <span>Name</span>
          <input required maxLength={100} value={fields.name} onInput={set("name")} />
        </label>
        <label>
          <span>Role</span>
          <select value={fields.role} onChange={set("role")}>
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {ROLE_WORDS[role]}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="main">
          Invite
        </button>
      </form>
      {error !== null && <Failure error={error} />}
      {made && <InvitationLink email={made.email} invited={made} />}
    </section>
  );
}
