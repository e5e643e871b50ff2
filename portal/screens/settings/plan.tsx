// The plan: what it allows.
import { patch } from "../../lib/api.ts";
import { may, useMe } from "../../lib/session.ts";
import { Link } from "../../ui/link.tsx";
import { SelectNow } from "../../ui/select-now.tsx";
import { type Account, megabytes, PLANS } from "./account.ts";

type PlanProps = { readonly account: Account; readonly done: (account: Account) => void };

export function Plan({ account: { plan, limits }, done }: PlanProps) {
  const isWriter = may(useMe(), "account", "write");
  const choose = async (plan: string): Promise<void> =>
    done((await patch<{ data: Account }>("/v1/account", { plan })).data);
  const plans: readonly string[] = PLANS;
  return (
    <section class="card narrow" aria-labelledby="plan">
      <h2 id="plan">Plan</h2>
      <p class="quiet">It bounds what may be sent; a key may have lower limits of its own.</p>
      <SelectNow
        label="Plan"
        value={plan}
        options={plans.includes(plan) ? plans : [plan, ...plans]}
        disabled={!isWriter}
        ask={choose}
      />
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
