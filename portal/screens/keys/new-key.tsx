// A new key: what it opens, what it may do, what it is kept to. It is shown once.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { mailClasses, useMe } from "../../lib/session.ts";
import { CheckFields, SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import {
  bodyOf,
  FAMILIES,
  type Key,
  LIMIT_WORDS,
  LIMITS,
  type NewKey,
  NO_KEY,
  SCOPE_WORDS,
} from "./key.ts";

/** A key as it is shown once. */
export type MadeKey = Key & { readonly key: string };

export function CreateKey({ done }: { readonly done: (made: MadeKey) => void }) {
  const me = useMe();
  const [fields, setFields] = useState(NO_KEY);
  const set = (change: Partial<NewKey>): void => setFields({ ...fields, ...change });
  const create = async (): Promise<void> => {
    const { data } = await post<{ data: MadeKey }>("/v1/keys", bodyOf(fields));
    setFields(NO_KEY);
    done(data);
  };
  const classes = mailClasses(me);
  const isOfOneDomain = fields.family === "kasapost";
  return (
    <Form title="New key" action="Create" isMain isReady={fields.scopes.length > 0} run={create}>
      <TextField
        label="Name: what will use it"
        required
        maxLength={100}
        placeholder="Shop"
        value={fields.name}
        set={(name) => set({ name })}
      />
      <SelectField
        label="Opens"
        value={fields.family}
        options={Object.entries(FAMILIES)}
        set={(family) => set({ family })}
      />
      <fieldset>
        <legend>May</legend>
        <CheckFields
          options={me.scopes.map((scope) => [scope, SCOPE_WORDS[scope] ?? scope] as const)}
          chosen={fields.scopes}
          set={(scopes) => set({ scopes })}
        />
      </fieldset>
      <details open={isOfOneDomain}>
        <summary>Keep it to a domain, a mail class, limits, a time</summary>
        <div class="filters">
          <TextField
            label="Sender domain"
            required={isOfOneDomain}
            placeholder="every verified one"
            value={fields.domain}
            set={(domain) => set({ domain })}
          />
          <SelectField
            label="Mail class"
            value={classes.length > 1 ? fields.mailClass : (classes[0] ?? "")}
            options={classes.length > 1 ? [["", "both"], ...classes] : classes}
            set={(mailClass) => set({ mailClass })}
          />
          {LIMITS.map((limit) => (
            <TextField
              key={limit}
              label={LIMIT_WORDS[limit]}
              type="number"
              min={1}
              step={1}
              placeholder="the plan's"
              value={fields.limits[limit]}
              set={(most) => set({ limits: { ...fields.limits, [limit]: most } })}
            />
          ))}
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
