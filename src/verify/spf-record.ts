// Reads one SPF record (RFC 7208 §4.6, §5, §6, §12): its mechanisms in order and its modifiers. The whole
// record is read before any of it is evaluated, so that an error anywhere is found. Pure.
import ipaddr from "ipaddr.js";
import { fail, ok, type Result } from "../lib/result.ts";
import { macroFault } from "./spf-macro.ts";

/** What a match means (§4.6.2). */
export type Qualifier = "+" | "-" | "~" | "?";

/** One mechanism; `domain` is a domain-spec with macros, null for the current domain. */
export type Mechanism = { readonly qualifier: Qualifier; readonly text: string } & (
  | { readonly name: "all" }
  | { readonly name: "include" | "exists"; readonly domain: string }
  | { readonly name: "ptr"; readonly domain: string | null }
  | {
      readonly name: "a" | "mx";
      readonly domain: string | null;
      /** Prefix lengths for IPv4 and IPv6 (§5.6). */
      readonly four: number;
      readonly six: number;
    }
  | { readonly name: "ip4" | "ip6"; readonly network: string; readonly bits: number }
);

/** A record as it is evaluated. */
export type SpfRecord = {
  readonly mechanisms: readonly Mechanism[];
  readonly redirect: string | null;
  readonly exp: string | null;
};

/** Whether a TXT record is an SPF record (§4.5). */
export function isSpf(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

/** Parses a record that isSpf; the error names the term that is wrong. */
export function parseSpf(text: string): Result<SpfRecord, string> {
  const terms = text
    .split(" ")
    .slice(1)
    .filter((term) => term !== "");
  const mechanisms: Mechanism[] = [];
  const modifiers = new Map<string, string>();
  for (const term of terms) {
    const [, name = "", value = ""] = /^([A-Za-z][A-Za-z0-9\-_.]*)=(.*)$/s.exec(term) ?? [];
    if (name === "") {
      const mechanism = parseMechanism(term);
      if (!mechanism.ok) return mechanism;
      mechanisms.push(mechanism.value);
      continue;
    }
    const fault = modifierFault(name.toLowerCase(), value, modifiers);
    if (fault) return fail(`${term}: ${fault}`);
    modifiers.set(name.toLowerCase(), value);
  }
  return ok({
    mechanisms,
    redirect: modifiers.get("redirect") ?? null,
    exp: modifiers.get("exp") ?? null,
  });
}

/** redirect and exp once each (§6); unknown modifiers are ignored, but must be macro-strings. */
function modifierFault(
  name: string,
  value: string,
  seen: ReadonlyMap<string, string>,
): string | null {
  if (name !== "redirect" && name !== "exp") return macroFault(value, "string");
  return seen.has(name) ? "stands twice" : macroFault(value, "domain");
}

const MECHANISM = /^([-+~?]?)([A-Za-z][A-Za-z0-9\-_.]*)(?:([:/])(.*))?$/s;

function parseMechanism(term: string): Result<Mechanism, string> {
  const [, sign = "", given = "", mark = "", rest = ""] = MECHANISM.exec(term) ?? [];
  const base = { qualifier: qualifierOf(sign), text: term };
  const argument = mark === "/" ? `/${rest}` : rest;
  const named = mark === ":";
  const name = given.toLowerCase();
  switch (name) {
    case "all":
      return mark === "" ? ok({ ...base, name }) : fail(`${term}: all takes nothing`);
    case "include":
    case "exists": {
      const fault = named ? macroFault(rest, "domain") : "names no domain";
      return fault ? fail(`${term}: ${fault}`) : ok({ ...base, name, domain: rest });
    }
    case "ptr": {
      const fault = mark === "" ? null : named ? macroFault(rest, "domain") : "takes no prefix";
      return fault ? fail(`${term}: ${fault}`) : ok({ ...base, name, domain: named ? rest : null });
    }
    case "a":
    case "mx":
      return withPrefixes(term, argument, named, { ...base, name });
    case "ip4":
    case "ip6": {
      const network = named ? parseNetwork(name, rest) : null;
      return network ? ok({ ...base, name, ...network }) : fail(`${term}: is no ${name} network`);
    }
    default:
      return fail(`${term}: is no mechanism that exists`);
  }
}

function qualifierOf(sign: string): Qualifier {
  return sign === "-" || sign === "~" || sign === "?" ? sign : "+";
}

/** `a`, `a/24`, `a:example.com/24//64` (§5.6); a slash inside a macro is none of a prefix. */
const PREFIXES = /^((?:%\{[^}]*\}|[^/])*)(?:\/(\d{1,3}))?(?:\/\/(\d{1,3}))?$/s;

function withPrefixes(
  term: string,
  argument: string,
  named: boolean,
  base: { qualifier: Qualifier; text: string; name: "a" | "mx" },
): Result<Mechanism, string> {
  const found = PREFIXES.exec(argument);
  const [, domain = "", four = "32", six = "128"] = found ?? [];
  const fault =
    found === null || Number(four) > 32 || Number(six) > 128 || /^0\d/.test(four + " " + six)
      ? "has a prefix that does not exist"
      : named
        ? macroFault(domain, "domain")
        : null;
  if (fault) return fail(`${term}: ${fault}`);
  return ok({ ...base, domain: named ? domain : null, four: Number(four), six: Number(six) });
}

function parseNetwork(
  name: "ip4" | "ip6",
  text: string,
): { readonly network: string; readonly bits: number } | null {
  const [, network = "", bits] = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const most = name === "ip4" ? 32 : 128;
  const valid =
    name === "ip4" ? ipaddr.IPv4.isValidFourPartDecimal(network) : ipaddr.IPv6.isValid(network);
  if (!valid || network.includes("%") || Number(bits ?? most) > most) return null;
  return { network, bits: Number(bits ?? most) };
}
