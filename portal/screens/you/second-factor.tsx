// One's own second factor: a secret for an authenticator app, its first code, recovery codes; turning it off.
import { useState } from "preact/hooks";
import { get, post, put } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Copy, Failure, Mark, Waiting } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";

const PATH = "/v1/me/second-factor";

type State = { readonly on: boolean; readonly recovery_codes: number };
type Secret = { readonly secret: string; readonly otpauth_url: string };

export function SecondFactor() {
  const state = useLoad(() => get<State>(PATH), "");
  const [secret, setSecret] = useState<Secret | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const on = state.data?.on === true;
  return (
    <section class="card narrow" aria-labelledby="second-factor">
      <h2 id="second-factor">
        Second factor {state.data && <Mark word={on ? "enabled" : "off"} />}
      </h2>
      {state.error !== null && <Failure error={state.error} again={state.again} />}
      {state.data === null && state.error === null && <Waiting />}
      {codes && <RecoveryCodes codes={codes} done={() => setCodes(null)} />}
      {state.data && on && (
        <>
          <p>
            Signing in takes a code of your authenticator app. {state.data.recovery_codes} recovery
            codes are left.
          </p>
          <Prove
            action="Turn it off"
            run={async (password) => {
              await post(`${PATH}/off`, { password });
              setCodes(null);
              say("Signing in takes your password only.");
              state.again();
            }}
          />
        </>
      )}
      {state.data && !on && secret === null && (
        <>
          <p>Whoever knows your password alone will not get in. You need an authenticator app.</p>
          <Prove
            action="Set it up"
            run={async (password) =>
              setSecret((await post<{ data: Secret }>(PATH, { password })).data)
            }
          />
        </>
      )}
      {secret && (
        <FirstCode
          secret={secret}
          done={(codes) => {
            setSecret(null);
            setCodes(codes);
            state.again();
          }}
        />
      )}
    </section>
  );
}

type ProveProps = {
  readonly action: string;
  readonly run: (password: string) => Promise<void>;
};

/** Asks for the password first. */
function Prove({ action, run }: ProveProps) {
  const [password, setPassword] = useState("");
  const prove = async (): Promise<void> => {
    await run(password);
    setPassword("");
  };
  return (
    <Form title={action} layout="column within" action={action} run={prove}>
      <TextField
        label="Your password"
        type="password"
        autocomplete="current-password"
        required
        value={password}
        set={setPassword}
      />
    </Form>
  );
}

type FirstCodeProps = {
  readonly secret: Secret;
  readonly done: (recoveryCodes: readonly string[]) => void;
};

function FirstCode({ secret, done }: FirstCodeProps) {
  const [code, setCode] = useState("");
  const show = async (): Promise<void> => {
    const { data } = await put<{ data: { recovery_codes: string[] } }>(PATH, { code });
    done(data.recovery_codes);
  };
  return (
    <Form title="First code" layout="column within" action="Turn it on" isMain run={show}>
      <p>
        Give this key to your app: <code class="long">{secret.secret}</code>{" "}
        <Copy text={secret.secret} label="Copy the key" />
      </p>
      <p>
        On a phone <a href={secret.otpauth_url}>open it in the app</a>, or hand over its address:{" "}
        <code class="long">{secret.otpauth_url}</code>{" "}
        <Copy text={secret.otpauth_url} label="Copy the address" />
      </p>
      <TextField
        label="Code that the app shows"
        autocomplete="one-time-code"
        required
        value={code}
        set={setCode}
      />
    </Form>
  );
}

type RecoveryCodesProps = { readonly codes: readonly string[]; readonly done: () => void };

function RecoveryCodes({ codes, done }: RecoveryCodesProps) {
  return (
    <div role="status">
      <p>
        Keep these where you find them without the app. Each signs you in once; they are shown only
        now.
      </p>
      <ul>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <p class="row">
        <Copy text={codes.join("\n")} label="Copy all" />
        <button type="button" class="small" onClick={done}>
          I have them
        </button>
      </p>
    </div>
  );
}
