// Tracking for tests: an App whose links lead to this origin and whose facts are kept, and the front
// door that answers them.
import { handle } from "../../src/accept/http.ts";
import type { App } from "../../src/app.ts";
import type { Config } from "../../src/model/config.ts";
import type { Fact } from "../../src/model/fact.ts";
import type { Link, Links } from "../../src/model/link.ts";
import { answerLink } from "../../src/track/http.ts";
import { linksOf } from "../../src/track/token.ts";
import { testApp } from "./world.ts";

/** Where the links of tests lead. */
export const ORIGIN = "https://mail.edgepost.test";

/** The links of a configuration like that of tests. */
export function testLinks(change: Partial<Config> = {}): Links {
  const links = linksOf({ ...testApp().config, publicUrl: ORIGIN, ...change });
  if (!links) throw new Error("publicUrl is null");
  return links;
}

/** What an App needs to track; `facts` are those that were queued. */
export function tracking(): Pick<App, "links" | "track"> & { readonly facts: Fact[] } {
  const facts: Fact[] = [];
  return { links: testLinks(), track: (fact) => Promise.resolve(void facts.push(fact)), facts };
}

/** Follows a link as the Worker's front door does. */
export async function follow(app: App, url: string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(url, { redirect: "manual", ...init });
  return (await answerLink(app, request)) ?? handle(app, request);
}

/** The token of a link's URL. */
export async function tokenOf(links: Links, link: Link): Promise<string> {
  return new URL(await links.urlOf(link)).pathname.slice(3).replace(/\.gif$/, "");
}

/** A browser that a person has. */
export const BROWSER =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0";

/** Gmail's image proxy. */
export const PROXY =
  "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
