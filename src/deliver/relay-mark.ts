// The header field by which a vendor's later events name the delivery. It is added for the relay that
// carries the message, not when the message is composed: another relay's mail has another one. Pure.
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { MARK_NAME, type Vendor } from "../model/intake.ts";
import type { UsableRelay } from "../model/relay.ts";
import type { Transaction } from "./smtp/transaction.ts";

/** Marks the mail of one connection; the same transaction for the same relay gives the same object. */
export type Marker = (relay: UsableRelay, tx: Transaction, mark: string) => Transaction;

/** A marker. What it made is forgotten with the transaction. */
export function marker(): Marker {
  const made = new WeakMap<Transaction, { readonly vendor: Vendor; readonly tx: Transaction }>();
  return ({ vendor }, tx, mark) => {
    if (vendor === null) return tx;
    const known = made.get(tx);
    if (known?.vendor === vendor) return known.tx;
    const result = { vendor, tx: marked(tx, vendor, mark) };
    made.set(tx, result);
    return result.tx;
  };
}

type Field = { readonly name: string; readonly value: string };

/** The vendor's metadata field that carries a mark, as its documentation of SMTP submission has it. */
function fieldOf(vendor: Vendor, mark: string): Field {
  const metadata = { [MARK_NAME]: mark };
  switch (vendor) {
    case "ses":
      return { name: "X-SES-MESSAGE-TAGS", value: `${MARK_NAME}=${mark}` };
    case "sendgrid":
      return { name: "X-SMTPAPI", value: JSON.stringify({ unique_args: metadata }) };
    case "mailgun":
      return { name: "X-Mailgun-Variables", value: JSON.stringify(metadata) };
    case "postmark":
      return { name: `X-PM-Metadata-${MARK_NAME}`, value: mark };
    case "sparkpost":
      return { name: "X-MSYS-API", value: JSON.stringify({ metadata }) };
    case "greenarrow":
      return { name: "X-GreenArrow-Click-Tracking-ID", value: mark };
  }
}

/** A header section is looked through up to here for a field of the sender's own. */
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * The message as a relay of this vendor is to see it: the field first, everything else byte for byte. A
 * field of that name which the sender set stays alone: vendors read only one.
 */
export function marked(tx: Transaction, vendor: Vendor, mark: string): Transaction {
  const { name, value } = fieldOf(vendor, mark);
  if (hasField(tx.content, name)) return tx;
  return { ...tx, content: [utf8(`${name}: ${value}\r\n`), ...tx.content] };
}

function hasField(content: readonly Uint8Array[], name: string): boolean {
  let head = "";
  for (const chunk of content) {
    head += fromUtf8(chunk.subarray(0, MAX_HEADER_BYTES));
    if (head.includes("\r\n\r\n") || head.length >= MAX_HEADER_BYTES) break;
  }
  const fields = head.split("\r\n\r\n", 1)[0] ?? "";
  return new RegExp(`^${name}[ \\t]*:`, "im").test(fields);
}
