// A new SMTP credential. Its password is shown once.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { mailClasses, useMe } from "../../lib/session.ts";
import { Failure } from "../../ui/parts.tsx";
import { bodyOf, type Credential, NO_CREDENTIAL } from "./credential.ts";

/** A credential as it is shown once. */
export type MadeCredential = Credential & { readonly password: string };

export function CreateCredential({ done }: { readonly done: (made: MadeCredential) => void }) {
  const classes = mailClasses(useMe());
  const [fields, setFields] = useState(NO_CREDENTIAL);
  const [error, setError] = useState<unknown>(null);
  const set =
    (name: "name" | "domain" | "senderDomain" | "mailClass" | "expires") =>
    (event: { readonly currentTarget: { readonly value: string } }): void =>
      setFields({ ...fields, [name]: event.currentTarget.value });
  const create = async (): Promise<void> => {
    setError(null);
    const body = bodyOf(fields);
    const { data } = await post<{ data: MadeCredential }>("/v1/smtp-credentials", body);
    setFields(NO_CREDENTIAL);
    done(data);
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="new-credential"
      onSubmit={(event) => {
        event.preventDefault();
        create().catch(setError);
      }}
    >
      <h2 id="new-credential">New credential</h2>
      <label>
        <span>Name: what will use it</span>
        <input
          required
          maxLength={100}
          value={fields.name}
          placeholder="Blog"
          onInput={set("name")}
          autocomplete="off"
        />
      </label>
      <label>
        <span>Domain of the user name: by it the gateway finds this account</span>
        <input
          required
          value={fields.domain}
          placeholder="example.com"
          onInput={set("domain")}
          autocomplete="off"
          spellcheck={false}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={fields.requireTls}
          onChange={({ currentTarget: { checked } }) =>
            setFields({ ...fields, requireTls: checked })
          }
        />
        <span>Only over TLS</span>
      </label>
      <details>
        <summary>Keep it to a domain, a mail class, a time</summary>
        <div class="filters">
          <label>
            <span>Sender domain</span>
            <input
              value={fields.senderDomain}
              placeholder="every verified one"
              onInput={set("senderDomain")}
              autocomplete="off"
              spellcheck={false}
            />
          </label>
          <label>
            <span>Mail class</span>
            <select value={fields.mailClass || classes[0]} onChange={set("mailClass")}>
              {classes.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>Works until (UTC)</span>
            <input type="date" value={fields.expires} onInput={set("expires")} />
          </label>
        </div>
      </details>
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit" class="main">
          Create
        </button>
      </div>
    </form>
  );
}
