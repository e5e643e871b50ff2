// What the platform charges by its price list: per million emails, and what it was asked for.
import { get } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { Failure, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { dollars, type Usage } from "./limit.ts";

type Operation = { readonly name: string; readonly count: number; readonly usd: number };

const COLUMNS: readonly Column<Operation>[] = [
  { name: "Operation", text: ({ name }) => name.replaceAll("_", " ") },
  { name: "Count", text: ({ count }) => String(Math.round(count)), isNumber: true },
  {
    name: "Price",
    text: ({ usd }) => String(usd),
    show: ({ usd }) => dollars(usd),
    isNumber: true,
  },
];

export function Price() {
  const { data, error, again } = useLoad(() => get<Usage>("/v1/account/usage"), "");
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null) return <Waiting />;
  const { usd_per_thousand_emails: thousand, emails, usd, storage, prices } = data;
  const operations = Object.entries(data.operations).map(([name, used]) => ({ name, ...used }));
  return (
    <section aria-labelledby="price">
      <h2 id="price">Price</h2>
      <p>
        {thousand === null ? (
          "Nothing was sent in the last 30 days."
        ) : (
          <>
            <b>{dollars(thousand * 1_000)} per million emails</b>, by {emails} emails of the last 30
            days that cost {dollars(usd)}.
          </>
        )}{" "}
        The database costs {dollars(storage.usd_per_month)} a month.
      </p>
      <p class="quiet">
        By the platform's price list of {prices.as_of}; what its plan includes is not taken off.
      </p>
      <Table caption="Price" columns={COLUMNS} rows={operations} keyOf={({ name }) => name} />
    </section>
  );
}
