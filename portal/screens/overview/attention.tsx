// What needs somebody: what /v1/health is concerned about, domains that DNS does not show, webhooks that fail.
import { get, getPage } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { type Place } from "../../lib/router.ts";
import { may, type Me, useMe } from "../../lib/session.ts";
import { Link } from "../../ui/link.tsx";
import { Failure } from "../../ui/parts.tsx";

type Health = {
  readonly concerns: readonly string[];
  readonly webhooks: readonly { readonly id: string; readonly behind_seconds: number }[];
};
type Domain = { readonly domain: string; readonly state: string };
type Relay = {
  readonly name: string;
  readonly state: string;
  readonly last_failure: string | null;
};
type Limits = {
  readonly pace: { readonly percent: number; readonly reason: string | null } | null;
};
type Webhook = {
  readonly id: string;
  readonly url: string;
  readonly state: string;
  readonly disabled_reason: string | null;
  readonly failing_since: string | null;
};

/** What is wrong, how it is mended, and where, if there is a screen for it. */
type Concern = { readonly what: string; readonly mend: string; readonly place?: Partial<Place> };

export function Attention() {
  const me = useMe();
  const { data, error, again } = useLoad(() => ask(me), "");
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null || data.length === 0) return null;
  return (
    <section class="attention" aria-labelledby="attention">
      <h2 id="attention">Needs attention</h2>
      <ul>
        {data.map(({ what, mend, place }) => (
          <li key={what}>
            <b>{what}</b> {place ? <Link to={place}>{mend}</Link> : mend}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What somebody may not see needs somebody else. */
async function ask(me: Me): Promise<readonly Concern[]> {
  const none = { data: [] };
  const [health, limits, relays, domains, webhooks] = await Promise.all([
    get<Health>("/v1/health"),
    may(me, "account") ? get<Limits>("/v1/account/limits") : { pace: null },
    may(me, "relays") ? getPage<Relay>("/v1/relays", {}) : none,
    may(me, "domains") ? getPage<Domain>("/v1/domains", { limit: 100 }) : none,
    may(me, "webhooks") ? getPage<Webhook>("/v1/webhooks", {}) : none,
  ]);
  return [
    ...health.concerns.flatMap((what) => healthConcern(what, me)),
    ...paceConcern(limits),
    ...relays.data
      .filter(({ state }) => state !== "usable")
      .map(({ name, last_failure: reason }) => ({
        what: `The relay ${name} is put aside${reason ? `: ${reason}` : ""}.`,
        mend: "See how it has been.",
        place: { screen: "relays" },
      })),
    ...domains.data
      .filter(({ state }) => state !== "active")
      .map(({ domain, state }) => ({
        what: `${domain} is ${state}.`,
        mend: "See what to publish in DNS.",
        place: { screen: "domains", id: domain },
      })),
    ...webhooks.data.flatMap((webhook) => webhookConcern(webhook, health)),
  ];
}

/** What only /v1/health knows, and of relays and webhooks what somebody sees nowhere else. */
function healthConcern(what: string, me: Me): readonly Concern[] {
  const [of] = what.split(" ", 1);
  const resource = of === "webhook" || of === "relay" ? `${of}s` : null;
  if (resource === null) {
    return [
      { what: `${what}.`, mend: "See the relays that they wait for.", place: { screen: "relays" } },
    ];
  }
  if (may(me, resource)) return [];
  return [{ what: `${what}.`, mend: `Tell whoever may see ${resource}.` }];
}

/** Bounces or complaints that rise slow the account down. */
function paceConcern({ pace }: Limits): readonly Concern[] {
  if (pace === null || pace.percent >= 100) return [];
  const what = `All mail is slowed down to ${pace.percent} %${pace.reason ? `: ${pace.reason}` : ""}.`;
  return [{ what, mend: "See who should get no more mail.", place: { screen: "suppressions" } }];
}

/** Later events than these are late, as /v1/health judges it. */
const BEHIND_SECONDS = 60;

function webhookConcern(webhook: Webhook, { webhooks }: Health): readonly Concern[] {
  const { id, url, state, disabled_reason: reason, failing_since: since } = webhook;
  const place = { screen: "webhooks", id };
  if (state !== "enabled") {
    const what = `The webhook to ${url} is switched off${reason ? `: ${reason}` : ""}.`;
    return [{ what, mend: "Mend the receiver, then enable it.", place }];
  }
  if (since !== null) {
    const mend = "See what was sent and what came back.";
    return [{ what: `The webhook to ${url} fails.`, mend, place }];
  }
  const behind = webhooks.find((one) => one.id === id)?.behind_seconds ?? 0;
  if (behind <= BEHIND_SECONDS) return [];
  return [
    { what: `The webhook to ${url} is ${behind} s behind.`, mend: "See how far it is.", place },
  ];
}
