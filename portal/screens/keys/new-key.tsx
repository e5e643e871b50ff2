// A new key: what it opens, what it may do, what it is kept to. It is shown once.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { mailClasses, useMe } from "../../lib/session.ts";
import { Failure } from "../../ui/parts.tsx";
import { bodyOf, FAMILIES, type Key, LIMIT_WORDS, LIMITS, NO_KEY, SCOPE_WORDS } from "./key.ts";

/** A key as it is shown once. */
export type MadeKey = Key & { readonly key: string };

export function CreateKey({ done }: { readonly done: (made: MadeKey) => void }) {
  const me = useMe();
  const [fields, setFields] = useState(NO_KEY);
  const [error, setError] = useState<unknown>(null);
  const set =
    (name: "name" | "family" | "domain" | "mailClass" | "expires") =>
    (event: { readonly currentTarget: { readonly value: string } }): void =>
      setFields({ ...fields, [name]: event.currentTarget.value });
  const toggle = (scope: string): void => {
    const rest = fields.scopes.filter((one) => one !== scope);
    const scopes = rest.length < fields.scopes.length ? rest : [...fields.scopes, scope];
    setFields({ ...fields, scopes });
  };
  const create = async (): Promise<void> => {
    setError(null);
    const { data } = await post<{ data: MadeKey }>("/v1/keys", bodyOf(fields));
    setFields(NO_KEY);
    done(data);
  };
  const classes = mailClasses(me);
  return (
    <form
      class="card narrow"
      aria-labelledby="new-key"
      onSubmit={(event) => {
        event.preventDefault();
        create().catch(setError);
      }}
    >
      <h2 id="new-key">New key</h2>
      <label>
        <span>Name: what will use it</span>
        <input
          required
          maxLength={100}
          value={fields.name}
          placeholder="Shop"
          onInput={set("name")}
          autocomplete="off"
        />
      </label>
      <label>
        <span>Opens</span>
        <select value={fields.family} onChange={set("family")}>
          {Object.entries(FAMILIES).map(([family, words]) => (
            <option key={family} value={family}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>May</legend>
        {me.scopes.map((scope) => (
          <label key={scope} class="check">
            <input
              type="checkbox"
              checked={fields.scopes.includes(scope)}
              onChange={() => toggle(scope)}
            />
            <span>{SCOPE_WORDS[scope]}</span>
          </label>
        ))}
      </fieldset>
      <details open={fields.family === "kasapost"}>
        <summary>Keep it to a domain, a mail class, limits, a time</summary>
        <div class="filters">
          <label>
            <span>Sender domain</span>
            <input
              value={fields.domain}
              required={fields.family === "kasapost"}
              placeholder="every verified one"
              onInput={set("domain")}
              autocomplete="off"
              spellcheck={false}
            />
          </label>
          <label>
            <span>Mail class</span>
            <select
              value={classes.length > 1 ? fields.mailClass : classes[0]}
              onChange={set("mailClass")}
            >
              {classes.length > 1 && <option value="">both</option>}
              {classes.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          {LIMITS.map((limit) => (
            <label key={limit}>
              <span>{LIMIT_WORDS[limit]}</span>
              <input
                type="number"
                min={1}
                step={1}
                value={fields.limits[limit]}
                placeholder="the plan's"
                onInput={({ currentTarget: { value } }) =>
                  setFields({ ...fields, limits: { ...fields.limits, [limit]: value } })
                }
              />
            </label>
          ))}
          <label>
            <span>Works until (UTC)</span>
            <input type="date" value={fields.expires} onInput={set("expires")} />
          </label>
        </div>
      </details>
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit" class="main" disabled={fields.scopes.length === 0}>
          Create
        </button>
      </div>
    </form>
  );
}
