// Tags that a web analytics service counts visits by, appended to links of a list's mail (contract 3.4). Pure.
import { linkTarget } from "./link.ts";

/** How the links of a message are tagged; kept with its content, so that every attempt tags alike. */
export type UtmTags = {
  readonly source: string;
  readonly campaign: string;
  /** Host names that are tagged, with those below them; null tags all. */
  readonly domains: readonly string[] | null;
  /** One entry per recipient position: the number of the subscriber, or null for who is none. */
  readonly subscribers: readonly (number | null)[];
};

/** The medium of every link in mail. */
const MEDIUM = "email";

/** The target of a link with its tags; as it was where it has them, leads elsewhere or gets too long. */
export function withUtm(target: string, tags: UtmTags, reader: string): string {
  if (!URL.canParse(target)) return target;
  const url = new URL(target);
  if (tags.domains !== null && !isUnder(url.hostname, tags.domains)) return target;
  const wanted = {
    utm_source: tags.source,
    utm_medium: MEDIUM,
    utm_content: `subscriber_id:${reader}`,
    utm_campaign: tags.campaign,
  };
  const added = Object.entries(wanted)
    .filter(([name]) => !url.searchParams.has(name))
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%3A", ":")}`);
  if (added.length === 0) return target;
  const [before = "", ...fragment] = target.split("#");
  const joint = !before.includes("?") ? "?" : /^[^?]*\?$|&$/.test(before) ? "" : "&";
  return linkTarget([before + joint + added.join("&"), ...fragment].join("#")) ?? target;
}

/** What stands for a recipient in the tags: the number of the subscriber, or else the delivery's id. */
export function utmReader({ subscribers }: UtmTags, position: number, delivery: string): string {
  return String(subscribers[position] ?? delivery);
}

function isUnder(host: string, domains: readonly string[]): boolean {
  return domains.some((domain) => host === domain || host.endsWith(`.${domain}`));
}
