// The plan: what it allows.
import { patch } from "../../lib/api.ts";
import { useRun } from "../../lib/run.ts";
import { may, useMe } from "../../lib/session.ts";
import { Link } from "../../ui/link.tsx";
import { Failure } from "../../ui/parts.tsx";
import { type Account, megabytes, PLANS } from "./account.ts";

type PlanProps = { readonly account: Account; readonly done: (account: Account) => void };

export function Plan({ account: { plan, limits }, done }: PlanProps) {
  const isWriter = may(useMe(), "account", "write");
  const { error, start } = useRun();
  const choose = async (plan: string): Promise<void> =>
    done((await patch<{ data: Account }>("/v1/account", { plan })).data);
  const plans: readonly string[] = PLANS;
  return (
    <section class="card narrow" aria-labelledby="plan">
      <h2 id="plan">Plan</h2>
      <label>
        <span>It bounds what may be sent; a key may have lower limits of its own.</span>
        <select
          value={plan}
          disabled={!isWriter}
          onChange={({ currentTarget: { value } }) => start(() => choose(value))}
        >
          {(plans.includes(plan) ? plans : [plan, ...plans]).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {error !== null && <Failure error={error} />}
      <dl class="facts plain">
        <dt>Recipients a second</dt>
        <dd>
          {limits.per_second.toLocaleString()}, {limits.burst.toLocaleString()} at once
        </dd>
        <dt>Recipients a day (UTC)</dt>
        <dd>{limits.daily === null ? "no limit" : limits.daily.toLocaleString()}</dd>
        <dt>Recipients of a message</dt>
        <dd>{limits.recipients.toLocaleString()}</dd>
        <dt>Attachments of a message</dt>
        <dd>{megabytes(limits.attachment_bytes)}</dd>
      </dl>
      <p>
        <Link to={{ screen: "limits" }}>What is left of it, and the pace</Link>
      </p>
    </section>
  );
}
