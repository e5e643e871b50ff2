// Rules: which mail goes to which pool; the first that fits wins.
import { useState } from "preact/hooks";
import { put } from "../../lib/api.ts";
import { useRun } from "../../lib/run.ts";
import { may, useMe } from "../../lib/session.ts";
import { MAIL_CLASSES } from "../../lib/words.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Failure } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { conditionOf, type Pool, raised, type Rule } from "./relay.ts";

type RulesProps = {
  readonly rules: readonly Rule[];
  readonly pools: readonly Pool[];
  readonly changed: () => void;
};

export function Rules({ rules, pools, changed }: RulesProps) {
  const { error, start } = useRun();
  const [leaving, setLeaving] = useState<Rule | null>(null);
  const isWriter = may(useMe(), "pools", "write");
  const names = new Map(pools.map(({ id, name }) => [id, name]));
  const poolOf = ({ pool_id: id }: Rule): string => names.get(id) ?? id;
  const keep = async (rules: readonly Rule[]): Promise<void> => {
    // After a refusal, too: what is shown is what is there.
    await put("/v1/pools/rules", { rules }).finally(changed);
    say("The rules hold from now on, for what waits too.");
  };
  return (
    <section aria-labelledby="rules">
      <h2 id="rules">Rules</h2>
      <p class="quiet">The first that fits a delivery chooses its pool; else it is the default.</p>
      {rules.length > 0 && (
        <ol class="stack">
          {rules.map((rule, index) => (
            <li key={`${index} ${JSON.stringify(rule)}`} class="row">
              <span>
                {conditionOf(rule)} → <b>{poolOf(rule)}</b>
              </span>
              {isWriter && index > 0 && (
                <button
                  type="button"
                  class="small"
                  onClick={() => start(() => keep(raised(rules, index)))}
                  aria-label={`Earlier: ${conditionOf(rule)}`}
                >
                  Earlier
                </button>
              )}
              {isWriter && (
                <button
                  type="button"
                  class="small"
                  onClick={() => setLeaving(rule)}
                  aria-label={`Remove: ${conditionOf(rule)}`}
                >
                  Remove …
                </button>
              )}
            </li>
          ))}
        </ol>
      )}
      {error !== null && <Failure error={error} />}
      {leaving && (
        <Confirm
          title="Remove this rule?"
          text={`What goes to ${poolOf(leaving)} by it (${conditionOf(leaving)}) goes by the rules after it, what waits too.`}
          name={poolOf(leaving)}
          action="Remove"
          run={() => keep(rules.filter((rule) => rule !== leaving))}
          close={() => setLeaving(null)}
        />
      )}
      {isWriter && <AddRule pools={pools} add={(rule) => keep([...rules, rule])} />}
    </section>
  );
}

type AddProps = {
  readonly pools: readonly Pool[];
  readonly add: (rule: Rule) => Promise<void>;
};

const ANY = { mail_class: "", key_id: "", tag: "", domain: "" };
const CLASSES = [["", "any"], ...MAIL_CLASSES] as const;

function AddRule({ pools, add }: AddProps) {
  const [fields, setFields] = useState(ANY);
  const [pool, setPool] = useState("");
  const set = (change: Partial<typeof ANY>): void => setFields({ ...fields, ...change });
  const submit = async (): Promise<void> => {
    const { mail_class, key_id, tag, domain } = fields;
    await add({
      pool_id: pool || (pools[0]?.id ?? ""),
      mail_class: mail_class || null,
      key_id: key_id || null,
      tag: tag || null,
      domain: domain || null,
    });
    setFields(ANY);
  };
  return (
    <Form title="Add a rule" layout="row" action="Add the rule" run={submit}>
      <SelectField
        label="Mail class"
        value={fields.mail_class}
        options={CLASSES}
        set={(mail_class) => set({ mail_class })}
      />
      <TextField label="Id of the key" value={fields.key_id} set={(key_id) => set({ key_id })} />
      <TextField label="Tag" value={fields.tag} set={(tag) => set({ tag })} />
      <TextField
        label="Recipient's domain"
        value={fields.domain}
        set={(domain) => set({ domain })}
      />
      <SelectField
        label="Goes to the pool"
        value={pool}
        options={pools.map(({ id, name }) => [id, name] as const)}
        set={setPool}
      />
    </Form>
  );
}
