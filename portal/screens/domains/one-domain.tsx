// One domain: its records, found beside expected; look again, another DKIM key, settings, report, removal.
import { useState } from "preact/hooks";
import { get, post, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go } from "../../lib/router.ts";
import { useTask } from "../../lib/run.ts";
import { may, useMe } from "../../lib/session.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { Link } from "../../ui/link.tsx";
import { Failure, Mark, Time, Waiting } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import type { Domain } from "./domain.ts";
import { Records } from "./records.tsx";
import { Amp } from "./amp.tsx";
import { DomainReport } from "./report.tsx";
import { Settings } from "./settings.tsx";

export function OneDomain({ domain }: { readonly domain: string }) {
  const path = `/v1/domains/${encodeURIComponent(domain)}`;
  const { data, error, again } = useLoad(() => get<Domain>(path), domain);
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null) return <Waiting />;
  return <Shown path={path} loaded={data} />;
}

/** What is being done: each asks DNS, which takes a moment. */
type Work = "verify" | "rotate";
const BELOW = { verify: "verify", rotate: "dkim/rotate" } as const;

function doneWords(work: Work, { dkim_rotation_asked_at: waits }: Domain): string {
  if (work === "verify") return "This is what DNS says now.";
  return waits === null
    ? "Mail is signed with the other key from now on."
    : "The other key waits for its record in DNS.";
}

function Shown({ path, loaded }: { readonly path: string; readonly loaded: Domain }) {
  const [domain, setDomain] = useState(loaded);
  const [work, setWork] = useState<Work | null>(null);
  const { error, isBusy, start } = useTask();
  const [isLeaving, setLeaving] = useState(false);
  const isWriter = may(useMe(), "domains", "write");
  const run = async (work: Work): Promise<void> => {
    setWork(work);
    const { data } = await post<{ data: Domain }>(`${path}/${BELOW[work]}`, {});
    setDomain(data);
    say(doneWords(work, data));
  };
  return (
    <>
      <h1>{domain.domain}</h1>
      <p>
        <Mark word={domain.state} /> <Checked domain={domain} />{" "}
        <Link to={{ screen: "domains" }}>All domains</Link>
      </p>
      {isWriter && (
        <div class="row">
          <button
            type="button"
            class="main"
            aria-disabled={isBusy}
            onClick={() => start(() => run("verify"))}
          >
            {isBusy && work === "verify" ? "Looking into DNS …" : "Verify now"}
          </button>
          <button type="button" aria-disabled={isBusy} onClick={() => start(() => run("rotate"))}>
            {isBusy && work === "rotate" ? "Looking into DNS …" : "Rotate the DKIM key"}
          </button>
          <button type="button" class="danger" onClick={() => setLeaving(true)}>
            Delete …
          </button>
        </div>
      )}
      {error !== null && <Failure error={error} />}
      {domain.dkim_rotation_asked_at !== null && (
        <p role="status">
          A rotation was asked for <Time at={domain.dkim_rotation_asked_at} />: publish the record
          of the new key below; it is used as soon as DNS shows it.
        </p>
      )}
      <Records domain={domain} />
      {isWriter && <Settings path={path} domain={domain} done={setDomain} />}
      <DomainReport path={path} />
      <Amp path={path} isWriter={isWriter} />
      {isLeaving && (
        <Confirm
          title={`Delete ${domain.domain}?`}
          text="Mail from it is refused from now on, and its keys are gone for good: added again, it needs other records."
          name={domain.domain}
          action="Delete"
          close={() => setLeaving(false)}
          run={async () => {
            await remove(path);
            say(`${domain.domain} is gone.`);
            go({ screen: "domains" });
          }}
        />
      )}
    </>
  );
}

function Checked({ domain }: { readonly domain: Domain }) {
  const { checked_at: at, next_check_at: next } = domain;
  return (
    <span class="quiet">
      {at === null ? (
        "DNS was not looked at yet."
      ) : (
        <>
          DNS was looked at <Time at={at} />
          {next !== null && (
            <>
              , and is again <Time at={next} />
            </>
          )}
          .
        </>
      )}
    </span>
  );
}
