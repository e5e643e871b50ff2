// Credits: how many are left, what changed them, and granting more.
import { useEffect, useState } from "preact/hooks";
import { getAnswer, post, remove } from "../../lib/api.ts";
import { may, useMe } from "../../lib/session.ts";
import { timeColumn } from "../../ui/columns.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Failure, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import type { CreditEntry, Credits } from "./limit.ts";

const PAGE = 20;

type Answer = { readonly data: Credits; readonly next_cursor: string | null };

export function CreditsPart() {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isStopping, setStopping] = useState(false);
  const isWriter = may(useMe(), "account", "write");
  const ask = (before: Answer | null): void => {
    setError(null);
    const query = { limit: PAGE, cursor: before?.next_cursor };
    getAnswer<Answer>("/v1/account/credits", query).then((next) => {
      const history = [...(before?.data.history ?? []), ...next.data.history];
      setAnswer({ ...next, data: { ...next.data, history } });
    }, setError);
  };
  useEffect(() => ask(null), []);
  if (answer === null) {
    return error === null ? <Waiting /> : <Failure error={error} again={() => ask(null)} />;
  }
  const { balance, history } = answer.data;
  return (
    <section aria-labelledby="credits">
      <h2 id="credits">Credits</h2>
      <p>
        {balance === null
          ? "Nobody counts them: they are, from the first grant on. Each recipient takes one."
          : `${balance} left. Each recipient takes one.`}
      </p>
      {history.length > 0 && (
        <Table
          caption="Credits"
          columns={COLUMNS}
          rows={history}
          keyOf={({ at, kind, amount, message_id: id }) => `${at} ${kind} ${amount} ${id}`}
          more={answer.next_cursor === null ? null : () => ask(answer)}
        />
      )}
      {error !== null && <Failure error={error} />}
      {isWriter && <Grant done={() => ask(null)} />}
      {isWriter && balance !== null && (
        <div class="row">
          <button type="button" class="danger" onClick={() => setStopping(true)}>
            Stop counting …
          </button>
        </div>
      )}
      {isStopping && (
        <Confirm
          title="Stop counting credits?"
          text={`What is left (${balance ?? 0}) is forgotten, and nothing but the plan limits how much is sent. The history stays.`}
          name="stop"
          action="Stop counting"
          run={async () => {
            await remove("/v1/account/credits");
            say("Credits are not counted any more.");
            ask(null);
          }}
          close={() => setStopping(false)}
        />
      )}
    </section>
  );
}

const COLUMNS: readonly Column<CreditEntry>[] = [
  timeColumn("Time", ({ at }) => at),
  { name: "What", text: ({ kind }) => kind, show: (entry) => <What {...entry} /> },
  { name: "Amount", text: ({ amount }) => String(amount), isNumber: true },
  { name: "Left", text: ({ balance }) => balance?.toString() ?? "", isNumber: true },
  { name: "Reason", text: ({ reason }) => reason ?? "", isLong: true },
];

function What({ kind, message_id: id }: CreditEntry) {
  if (id === null) return <>{kind}</>;
  return <Link to={{ screen: "message", id }}>{kind}</Link>;
}

function Grant({ done }: { readonly done: () => void }) {
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState("");
  const grant = async (): Promise<void> => {
    await post("/v1/account/credits", { amount: Number(amount), reason });
    say(`${amount} credits are granted.`);
    setAmount("");
    setReason("");
    done();
  };
  return (
    <Form title="Grant credits" layout="row" action="Grant" run={grant}>
      <TextField
        label="Credits to grant; below 0: to take away"
        type="number"
        required
        value={amount}
        set={setAmount}
      />
      <TextField label="Reason" maxLength={200} value={reason} set={setReason} />
    </Form>
  );
}
