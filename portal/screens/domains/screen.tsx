// Sender domains: which there are, what DNS still lacks, and a new one.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { usePages } from "../../lib/pages.ts";
import { go, hashOf, usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Empty, Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { type Column, Table } from "../../ui/table.tsx";
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
    show: ({ domain }) => <a href={hashOf({ screen: "domains", id: domain })}>{domain}</a>,
    isLong: true,
  },
  { name: "State", text: ({ state }) => state, show: ({ state }) => <Mark word={state} /> },
  { name: "Records in DNS", text: progressOf },
  { name: "Default sender", text: (row) => row.default_sender ?? "", isLong: true },
  {
    name: "Looked at",
    text: ({ checked_at: at }) => at ?? "",
    show: ({ checked_at: at }) => (at === null ? "not yet" : <Time at={at} />),
  },
];

function Domains() {
  const domains = usePages<Domain>("/v1/domains", { limit: PAGE });
  const isWriter = may(useMe(), "domains", "write");
  return (
    <>
      <h1>Domains</h1>
      <p class="quiet">Mail comes from these. DNS tells receivers that it is really yours.</p>
      {domains.error !== null && <Failure error={domains.error} again={domains.again} />}
      {domains.rows === null && domains.error === null && <Waiting />}
      {domains.rows?.length === 0 && (
        <Empty title="No domain yet">
          Add the one that your mail comes from; you are shown what to publish in DNS.
        </Empty>
      )}
      {domains.rows !== null && domains.rows.length > 0 && (
        <Table
          caption="Domains"
          columns={COLUMNS}
          rows={domains.rows}
          keyOf={({ domain }) => domain}
          more={domains.more}
        />
      )}
      {isWriter && <Add />}
    </>
  );
}

function Add() {
  const [domain, setDomain] = useState("");
  const [ed25519, setEd25519] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const add = async (): Promise<void> => {
    setError(null);
    setBusy(true);
    try {
      const { data } = await post<{ data: Domain }>("/v1/domains", { domain, ed25519 });
      go({ screen: "domains", id: data.domain });
    } catch (error) {
      setError(error);
      setBusy(false);
    }
  };
  return (
    <form
      class="card narrow"
      aria-labelledby="add-domain"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <h2 id="add-domain">Add a domain</h2>
      <label>
        <span>Domain</span>
        <input
          required
          value={domain}
          placeholder="mail.example.com"
          onInput={(event) => setDomain(event.currentTarget.value)}
          autocomplete="off"
          spellcheck={false}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={ed25519}
          onChange={(event) => setEd25519(event.currentTarget.checked)}
        />
        <span>Sign with Ed25519 besides RSA (RFC 8463): one more record</span>
      </label>
      {error !== null && <Failure error={error} />}
      <div class="row">
        <button type="submit" class="main" disabled={isBusy}>
          {isBusy ? "Looking into DNS …" : "Add"}
        </button>
      </div>
    </form>
  );
}
