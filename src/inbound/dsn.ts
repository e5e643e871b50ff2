// Delivery status notifications (RFC 3464, RFC 6533): what each recipient's group of fields says. Pure.
import { addressKey } from "../model/address.ts";
import { judgeWords } from "../model/bounce-words.ts";
import { printable } from "../model/relay-words.ts";
import type { Said } from "../model/report.ts";
import { type Fields, fieldGroups } from "./fields.ts";
import type { ReadMail } from "./read-mail.ts";

/** What a notification says of one recipient. */
export type RecipientStatus = {
  /** Keys of the original and of the final address, as far as they were told. */
  readonly addresses: readonly string[];
  readonly said: Said;
};

/** What a notification says of each recipient; null when the mail is none. */
export function readDsn(mail: ReadMail): readonly RecipientStatus[] | null {
  const part = mail.parts.find(({ type }) => /^message\/(?:global-)?delivery-status$/.test(type));
  if (!part) return null;
  const groups = fieldGroups(part.text);
  const message = groups.find((group) => group.has("reporting-mta")) ?? new Map();
  return groups.flatMap((group) => {
    const said = saidOf(group, message);
    return said ? [{ addresses: addressesOf(group), said }] : [];
  });
}

/**
 * What a notification says of our recipient: the group that names it. Where none does, the address was a
 * list's or led elsewhere: it only bounced when nobody behind it was reached.
 */
export function saidOfRecipient(statuses: readonly RecipientStatus[], email: string): Said | null {
  const own = statuses.filter(({ addresses }) => addresses.includes(addressKey(email)));
  const said = (own.length > 0 ? own : statuses).map((status) => status.said);
  const reached = said.find(({ kind }) => kind === "received");
  return reached ?? said.find(({ kind }) => kind === "delayed") ?? said[0] ?? null;
}

/** Action (RFC 3464 §2.3.3); where it is missing or unknown, the class of the status. */
function saidOf(group: Fields, message: Fields): Said | null {
  const status = /^\s*([245]\.\d{1,3}\.\d{1,3})/.exec(group.get("status") ?? "")?.[1] ?? null;
  const action = /^[a-z]+/.exec((group.get("action") ?? "").toLowerCase())?.[0] ?? "";
  const told = judgeWords({ text: group.get("diagnostic-code") ?? "", status });
  const host = hostOf(group.get("remote-mta") ?? message.get("reporting-mta") ?? "");
  switch (action) {
    case "failed":
      return { kind: "bounce", code: told.code, reply: told.reply, host };
    case "delayed":
      return { kind: "delayed", reply: told.reply };
    case "delivered":
    case "relayed":
    case "expanded":
      return { kind: "received", reply: told.reply };
  }
  if (status?.startsWith("5")) return { kind: "bounce", code: told.code, reply: told.reply, host };
  if (status?.startsWith("4")) return { kind: "delayed", reply: told.reply };
  return status === null ? null : { kind: "received", reply: told.reply };
}

/** `dns; mx.example.com` → `mx.example.com`; qmail and others add an address in brackets. */
function hostOf(field: string): string {
  const name = field.slice(field.indexOf(";") + 1);
  return printable(/[A-Za-z0-9.:-]{1,255}/.exec(name.trim())?.[0] ?? "");
}

function addressesOf(group: Fields): readonly string[] {
  return ["original-recipient", "final-recipient"].flatMap((name) => {
    const field = group.get(name);
    if (field === undefined) return [];
    const [, type = "", address = ""] = /^\s*([\w-]+)\s*;\s*<?([^\s<>]+)/.exec(field) ?? [];
    // RFC 3461 §4.2: xtext. RFC 6533 §3: utf-8 addresses have an encoding of their own, but may be plain.
    return address === "" ? [] : [addressKey(type === "utf-8" ? address : decodeXtext(address))];
  });
}

/** xtext (RFC 3461 §4): `+` and two upper-case hex digits stand for a character. */
export function decodeXtext(text: string): string {
  return text.replace(/\+([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
