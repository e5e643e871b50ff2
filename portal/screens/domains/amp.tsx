// Which From names of a domain may send AMP parts: mailbox providers approve senders one by one.
import { useState } from "preact/hooks";
import { getPage, post, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { actionColumn, timeColumn } from "../../ui/columns.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Failure, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { say } from "../../ui/toast.tsx";
import { type Approval, approvalQuery } from "./domain.ts";

type AmpProps = {
  /** Of the domain: `/v1/domains/example.com`. */
  readonly path: string;
  readonly isWriter: boolean;
};

export function Amp({ path, isWriter }: AmpProps) {
  const at = `${path}/amp-approvals`;
  const { data, error, again } = useLoad(() => getPage<Approval>(at, {}), at);
  const [leaving, setLeaving] = useState<Approval | null>(null);
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null) return <Waiting />;
  const withdraw = actionColumn<Approval>({
    of: ({ from_name: name }) => name,
    acts: { "Withdraw …": setLeaving },
  });
  return (
    <section aria-labelledby="amp">
      <h2 id="amp">AMP</h2>
      <p class="quiet">
        Mailbox providers approve senders of AMP one by one: mail with an AMP part is refused from
        all other From names.
      </p>
      {data.data.length > 0 && (
        <Table
          caption="AMP approvals"
          columns={isWriter ? [...COLUMNS, withdraw] : COLUMNS}
          rows={data.data}
          keyOf={({ from_name: name, provider }) => `${provider} ${name}`}
        />
      )}
      {isWriter && <Approve at={at} done={again} />}
      {leaving && (
        <Confirm
          title="Withdraw this approval?"
          text={`Mail from ${leaving.from_name} with an AMP part is refused from now on.`}
          name={leaving.from_name}
          action="Withdraw"
          run={async () => {
            await remove(`${at}?${approvalQuery(leaving)}`);
            say("The approval is withdrawn.");
            again();
          }}
          close={() => setLeaving(null)}
        />
      )}
    </section>
  );
}

const COLUMNS: readonly Column<Approval>[] = [
  { name: "From name", text: ({ from_name: name }) => name, isLong: true },
  { name: "Provider", text: ({ provider }) => provider },
  timeColumn("Since", (row) => row.created_at),
];

type ApproveProps = { readonly at: string; readonly done: () => void };

function Approve({ at, done }: ApproveProps) {
  const [name, setName] = useState("");
  const [provider, setProvider] = useState("*");
  const approve = async (): Promise<void> => {
    await post(at, { from_name: name, provider });
    say(`${name} may send AMP parts.`);
    setName("");
    done();
  };
  return (
    <Form title="Approve a From name" layout="row" action="Approve" run={approve}>
      <TextField label="From name; * for any" required value={name} set={setName} />
      <TextField
        label="Provider, such as gmail; * for all"
        required
        value={provider}
        set={setProvider}
      />
    </Form>
  );
}
