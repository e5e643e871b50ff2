// A new SMTP credential. Its password is shown once.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { mailClasses, useMe } from "../../lib/session.ts";
import { CheckField, SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { bodyOf, type Credential, type NewCredential, NO_CREDENTIAL } from "./credential.ts";

/** A credential as it is shown once. */
export type MadeCredential = Credential & { readonly password: string };

export function CreateCredential({ done }: { readonly done: (made: MadeCredential) => void }) {
  const classes = mailClasses(useMe());
  const [fields, setFields] = useState(NO_CREDENTIAL);
  const set = (change: Partial<NewCredential>): void => setFields({ ...fields, ...change });
  const create = async (): Promise<void> => {
    const body = bodyOf(fields);
    const { data } = await post<{ data: MadeCredential }>("/v1/smtp-credentials", body);
    setFields(NO_CREDENTIAL);
    done(data);
  };
  return (
    <Form title="New credential" action="Create" isMain run={create}>
      <TextField
        label="Name: what will use it"
        required
        maxLength={100}
        placeholder="Blog"
        value={fields.name}
        set={(name) => set({ name })}
      />
      <TextField
        label="Domain of the user name: by it the gateway finds this account"
        required
        placeholder="example.com"
        value={fields.domain}
        set={(domain) => set({ domain })}
      />
      <CheckField
        label="Only over TLS"
        checked={fields.requireTls}
        set={(requireTls) => set({ requireTls })}
      />
      <details>
        <summary>Keep it to a domain, a mail class, a time</summary>
        <div class="filters">
          <TextField
            label="Sender domain"
            placeholder="every verified one"
            value={fields.senderDomain}
            set={(senderDomain) => set({ senderDomain })}
          />
          <SelectField
            label="Mail class"
            value={fields.mailClass || (classes[0] ?? "")}
            options={classes}
            set={(mailClass) => set({ mailClass })}
          />
          <TextField
            label="Works until (UTC)"
            type="date"
            value={fields.expires}
            set={(expires) => set({ expires })}
          />
        </div>
      </details>
    </Form>
  );
}
