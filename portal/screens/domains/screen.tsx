// Sender domains: which there are, what DNS still lacks, and a new one.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { usePages } from "../../lib/pages.ts";
import { go, usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { markColumn, timeColumn } from "../../ui/columns.tsx";
import { CheckField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Listing } from "../../ui/listing.tsx";
import { Empty } from "../../ui/parts.tsx";
import type { Column } from "../../ui/table.tsx";
import { type Domain, progressOf } from "./domain.ts";
import { OneDomain } from "./one-domain.tsx";

const PAGE = 50;

export function Screen() {
  const { id } = usePlace();
  return id === "" ? <Domains /> : <OneDomain key={id} domain={id} />;
}

const COLUMNS: readonly Column<Domain>[] = [
  {
    name: "Domain",
    text: ({ domain }) => domain,
    show: ({ domain }) => <Link to={{ screen: "domains", id: domain }}>{domain}</Link>,
    isLong: true,
  },
  markColumn("State", ({ state }) => state),
  { name: "Records in DNS", text: progressOf },
  { name: "Default sender", text: (row) => row.default_sender ?? "", isLong: true },
  timeColumn("Looked at", (row) => row.checked_at, "not yet"),
];

function Domains() {
  const domains = usePages<Domain>("/v1/domains", { limit: PAGE });
  const isWriter = may(useMe(), "domains", "write");
  return (
    <>
      <h1>Domains</h1>
      <p class="quiet">Mail comes from these. DNS tells receivers that it is really yours.</p>
      <Listing
        pages={domains}
        caption="Domains"
        columns={COLUMNS}
        keyOf={({ domain }) => domain}
        empty={
          <Empty title="No domain yet">
            {isWriter
              ? "Add the one that your mail comes from; you are shown what to publish in DNS."
              : "Whoever may change domains adds the one that mail comes from."}
          </Empty>
        }
      />
      {isWriter && <Add />}
    </>
  );
}

function Add() {
  const [domain, setDomain] = useState("");
  const [ed25519, setEd25519] = useState(false);
  const add = async (): Promise<void> => {
    const { data } = await post<{ data: Domain }>("/v1/domains", { domain, ed25519 });
    go({ screen: "domains", id: data.domain });
  };
  return (
    <Form title="Add a domain" action="Add" busy="Looking into DNS …" isMain run={add}>
      <TextField
        label="Domain"
        required
        placeholder="mail.example.com"
        value={domain}
        set={setDomain}
      />
      <CheckField
        label="Sign with Ed25519 besides RSA (RFC 8463): one more record"
        checked={ed25519}
        set={setEd25519}
      />
    </Form>
  );
}
