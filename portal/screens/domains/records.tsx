// The DNS records of a domain: what to publish, and what was found.
import { Copy, Mark } from "../../ui/parts.tsx";
import type { DnsRecord, Domain } from "./domain.ts";

export function Records({ domain }: { readonly domain: Domain }) {
  const { records } = domain;
  return (
    <section aria-labelledby="records">
      <h2 id="records">DNS records</h2>
      <p class="quiet">
        Publish these where the DNS of {domain.domain} is kept. Some DNS hosts add the domain to
        names by themselves: then leave it off.
      </p>
      <ul class="stack">
        {records.map((record) => (
          <li key={`${record.type} ${record.name} ${record.purpose}`} class="card">
            <OneRecord record={record} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function OneRecord({ record }: { readonly record: DnsRecord }) {
  const { type, name, value, status, purpose, required, found, advice } = record;
  return (
    <>
      <p>
        <b>{purpose.replaceAll("_", " ")}</b> <Mark word={status} />{" "}
        <span class="quiet">{required ? "needed" : "recommended"}</span>
      </p>
      {status !== "ok" && advice !== "" && <p>{advice}</p>}
      <dl class="facts plain">
        <dt>Type</dt>
        <dd>{type}</dd>
        <dt>Name</dt>
        <dd>
          <code>{name}</code> <Copy text={name} label="Copy the name" />
        </dd>
        <dt>Expected</dt>
        <dd>
          <code>{value}</code> <Copy text={value} label="Copy the value" />
        </dd>
        {status !== "unchecked" && (
          <>
            <dt>Found</dt>
            <dd>
              {found.length === 0 ? (
                <span class="quiet">{status === "unknown" ? "no answer" : "nothing"}</span>
              ) : (
                found.map((text) => (
                  <code key={text} class="line">
                    {text}
                  </code>
                ))
              )}
            </dd>
          </>
        )}
      </dl>
    </>
  );
}
