// The team: who may sign in, as what, with which modules; invitations.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { usePages } from "../../lib/pages.ts";
import { usePlace } from "../../lib/router.ts";
import { markColumn, timeColumn } from "../../ui/columns.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Empty } from "../../ui/parts.tsx";
import type { Column } from "../../ui/table.tsx";
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
    show: ({ id, name }) => <Link to={{ screen: "team", id }}>{name}</Link>,
  },
  { name: "Email", text: ({ email }) => email, isLong: true },
  markColumn("Role", ({ role }) => role),
  markColumn("State", ({ state }) => state),
  { name: "Second factor", text: ({ second_factor }) => (second_factor ? "on" : "off") },
  { name: "Modules", text: modulesText, isLong: true },
  timeColumn("Since", (row) => row.created_at),
];

function Team() {
  const users = usePages<User>("/v1/users", { limit: PAGE });
  return (
    <>
      <h1>Team</h1>
      <Invite done={users.again} />
      <Listing
        pages={users}
        caption="Users"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        empty={<Empty title="Nobody is here">Invite somebody above.</Empty>}
      />
    </>
  );
}

const NOBODY = { email: "", name: "", role: "developer" };

function Invite({ done }: { readonly done: () => void }) {
  const [fields, setFields] = useState(NOBODY);
  const [made, setMade] = useState<(User & Invited) | null>(null);
  const set = (change: Partial<typeof NOBODY>): void => setFields({ ...fields, ...change });
  const invite = async (): Promise<void> => {
    setMade((await post<{ data: User & Invited }>("/v1/users", fields)).data);
    setFields(NOBODY);
    done();
  };
  return (
    <section class="card" aria-labelledby="invite">
      <h2 id="invite">Invite somebody</h2>
      <Form title="Invite somebody" layout="row within" action="Invite" isMain run={invite}>
        <TextField
          label="Email"
          type="email"
          required
          value={fields.email}
          set={(email) => set({ email })}
        />
        <TextField
          label="Name"
          required
          maxLength={100}
          value={fields.name}
          set={(name) => set({ name })}
        />
        <SelectField
          label="Role"
          value={fields.role}
          options={ROLES.map((role) => [role, ROLE_WORDS[role] ?? role] as const)}
          set={(role) => set({ role })}
        />
      </Form>
      {made && <InvitationLink email={made.email} invited={made} />}
    </section>
  );
}
