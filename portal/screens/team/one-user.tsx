// One user: role, modules, another invitation, disabling, deleting.
import { useState } from "preact/hooks";
import { get, patch, post, put, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go } from "../../lib/router.ts";
import { useRun } from "../../lib/run.ts";
import { useMe } from "../../lib/session.ts";
import { MAIL_CLASSES } from "../../lib/words.ts";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { CheckField, SelectField } from "../../ui/fields.tsx";
import { Link } from "../../ui/link.tsx";
import { Failure, Mark } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { InvitationLink } from "./invitation-link.tsx";
import { type Invited, MODULES, ROLE_WORDS, ROLES, toggled, type User } from "./user.ts";

export function OneUser({ id }: { readonly id: string }) {
  const path = `/v1/users/${encodeURIComponent(id)}`;
  const user = useLoad(() => get<User>(path), id);
  return (
    <Answer of={user}>{(data) => <Loaded path={path} user={data} again={user.again} />}</Answer>
  );
}

type LoadedProps = { readonly path: string; readonly user: User; readonly again: () => void };

function Loaded({ path, user, again }: LoadedProps) {
  const { user: me } = useMe();
  const { error, start } = useRun();
  const [invited, setInvited] = useState<Invited | null>(null);
  const [isResetting, setResetting] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const act = async (work: () => Promise<unknown>, done: string): Promise<void> => {
    // After a refusal, too: what is shown is what is there.
    await work().finally(again);
    say(done);
  };
  const invite = (mail: boolean): Promise<void> => {
    setInvited(null);
    return act(async () => {
      setInvited((await post<{ data: Invited }>(`${path}/invitation?mail=${mail}`, {})).data);
    }, "Done.");
  };
  const isOff = user.state === "disabled";
  const turn = (): Promise<void> =>
    act(() => patch(path, { disabled: !isOff }), isOff ? "Enabled." : "Disabled.");
  return (
    <>
      <h1>{user.name}</h1>
      <p>
        {user.email} <Mark word={user.state} /> <Link to={{ screen: "team" }}>All users</Link>
      </p>
      {error !== null && <Failure error={error} />}
      <section class="card" aria-labelledby="role">
        <h2 id="role">Role</h2>
        <SelectField
          label="Another role signs them out."
          value={user.role}
          options={ROLES.map((role) => [role, ROLE_WORDS[role] ?? role] as const)}
          set={(role) => start(() => act(() => patch(path, { role }), "The role is changed."))}
        />
      </section>
      <Modules
        user={user}
        set={(modules) =>
          start(() => act(() => put(`${path}/modules`, { modules }), "The modules are changed."))
        }
      />
      <section class="card" aria-labelledby="access">
        <h2 id="access">Access</h2>
        <div class="row">
          <button type="button" onClick={() => start(() => invite(true))}>
            Mail a link to choose a password
          </button>
          <button type="button" onClick={() => start(() => invite(false))}>
            Show a link
          </button>
          <button type="button" onClick={() => start(turn)}>
            {isOff ? "Enable" : "Disable"}
          </button>
          {user.second_factor && user.id !== me.id && (
            <button type="button" onClick={() => setResetting(true)}>
              Take the second factor away
            </button>
          )}
          <button type="button" class="danger" onClick={() => setDeleting(true)}>
            Delete
          </button>
        </div>
        {invited && <InvitationLink email={user.email} invited={invited} />}
      </section>
      {isResetting && (
        <Confirm
          title={`Take the second factor of ${user.name} away?`}
          text="For who lost their app and their recovery codes. They are signed out, and sign in with their password only: be sure that it is they who ask."
          name={user.email}
          action="Take it away"
          close={() => setResetting(false)}
          run={() => act(() => remove(`${path}/second-factor`), "It is taken away.")}
        />
      )}
      {isDeleting && (
        <Confirm
          title={`Delete ${user.name}?`}
          text="They are signed out and cannot come back. What they did stays in the audit log."
          name={user.email}
          action="Delete"
          close={() => setDeleting(false)}
          run={async () => {
            await remove(path);
            go({ screen: "team" });
          }}
        />
      )}
    </>
  );
}

type ModulesProps = {
  readonly user: User;
  readonly set: (modules: User["modules"]) => void;
};

function Modules({ user, set }: ModulesProps) {
  const { user: me } = useMe();
  if (user.role === "super_admin" || me.role !== "super_admin") return null;
  return (
    <section class="card" aria-labelledby="modules">
      <h2 id="modules">Modules</h2>
      <p class="quiet">Closed until a Super Admin opens them. Closing one signs the user out.</p>
      {MODULES.flatMap((module) =>
        MAIL_CLASSES.map((mail_class) => (
          <CheckField
            key={`${module} ${mail_class}`}
            label={`${module}, ${mail_class} mail`}
            checked={user.modules.some(
              (one) => one.module === module && one.mail_class === mail_class,
            )}
            set={() => set(toggled(user.modules, { module, mail_class }))}
          />
        )),
      )}
    </section>
  );
}
