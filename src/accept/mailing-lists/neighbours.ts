// What settings of lists may name: virtual MTAs, hosts of links, bounce addresses (contract 3.6). All of it is made
// elsewhere, in /v1.
import * as z from "zod";
import { ok } from "../../lib/result.ts";
import { domainOf } from "../../model/address.ts";
import { listSettings } from "../../model/list-settings.ts";
import { numbersOf } from "../../store/list-number.ts";
import { domainHosts } from "../../store/sender-domain-hosts.ts";
import { endpoint } from "../endpoint.ts";
import { success } from "./envelope.ts";
import { allLists } from "./lists.ts";
import { bounceId, bounceNumbers, urlHosts, userOf } from "./references.ts";
import { answerOf, bounceEmailView, urlDomainView, virtualMtaView } from "./view.ts";
import { virtualMtas } from "./virtual-mtas.ts";

/** What stands before the @ where no list says otherwise. */
const USUAL_USER = "bounce";

const mtas = endpoint({
  method: "GET",
  path: "/virtual_mtas",
  summary: "List the ways that mail can leave by",
  scope: "read",
  request: {},
  response: { 200: answerOf(z.array(virtualMtaView)) },
  async handle(app) {
    return ok(success(await virtualMtas(app)));
  },
});

const urlDomains = endpoint({
  method: "GET",
  path: "/url_domains",
  summary: "List the hosts of tracked links",
  scope: "read",
  request: {},
  response: { 200: answerOf(z.array(urlDomainView)) },
  async handle(app) {
    const hosts = await urlHosts(app);
    const numbers = await numbersOf(app.db, "url_domain", hosts);
    return ok(success(hosts.map((domain) => ({ id: numbers.get(domain), domain }))));
  },
});

const bounceEmails = endpoint({
  method: "GET",
  path: "/bounce_emails",
  summary: "List the addresses that bounces may come back to",
  scope: "read",
  request: {},
  response: { 200: answerOf(z.array(bounceEmailView)) },
  async handle(app) {
    const { returning } = await domainHosts(app.db);
    const used = (await allLists(app)).flatMap(({ settings }) => {
      const email = listSettings(settings).d_bounce_email;
      return email !== null && returning.includes(domainOf(email)) ? [email] : [];
    });
    const usual = returning.map((domain) => `${USUAL_USER}@${domain}`);
    const emails = [...new Set([...usual, ...used])];
    const numbers = await bounceNumbers(app, emails);
    return ok(
      success(
        emails.map((email) => ({
          id: bounceId(email, numbers),
          username: userOf(email),
          domain: domainOf(email),
          email,
        })),
      ),
    );
  },
});

/** The operations of what lists refer to. */
export const neighbourEndpoints = [mtas, urlDomains, bounceEmails];
