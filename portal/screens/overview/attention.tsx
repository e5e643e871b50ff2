// What needs somebody: what /v1/health is concerned about, domains that DNS does not show, webhooks that were switched off.
import { get, getPage } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { hashOf, type Place } from "../../lib/router.ts";
import { may, type Me, useMe } from "../../lib/session.ts";
import { Failure } from "../../ui/parts.tsx";

type Health = { readonly concerns: readonly string[] };
type Domain = { readonly domain: string; readonly state: string };
type Webhook = {
  readonly url: string;
  readonly state: string;
  readonly disabled_reason?: string | null;
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
            <b>{what}</b> {place ? <a href={hashOf(place)}>{mend}</a> : mend}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What somebody may not see needs somebody else. */
async function ask(me: Me): Promise<readonly Concern[]> {
  const none = { data: [] };
  const [health, domains, webhooks] = await Promise.all([
    get<Health>("/v1/health"),
    may(me, "domains") ? getPage<Domain>("/v1/domains", { limit: 100 }) : none,
    may(me, "webhooks") ? getPage<Webhook>("/v1/webhooks", {}) : none,
  ]);
  return [
    ...health.concerns.map((what) => ({ what, mend: "GET /v1/health tells more." })),
    ...domains.data
      .filter(({ state }) => state !== "active")
      .map(({ domain, state }) => ({
        what: `${domain} is ${state}.`,
        mend: "See what to publish in DNS.",
        place: { screen: "domains", id: domain },
      })),
    ...webhooks.data
      .filter(({ state }) => state !== "enabled")
      .map(({ url, disabled_reason: reason }) => ({
        what: `The webhook to ${url} is switched off${reason ? `: ${reason}` : ""}.`,
        mend: "Mend the receiver, then PATCH its state to enabled.",
      })),
  ];
}
