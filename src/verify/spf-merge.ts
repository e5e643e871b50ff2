// One SPF record that also lets our relays send: ours put into what a domain has already. Pure.

/** Terms that end a record: what follows them is never looked at. */
const ENDS = /^(?:[-+~?]?all|redirect=.*)$/i;

/** The record to publish: the existing one with the missing mechanisms before its end, or a new one. */
export function mergeSpf(existing: string | null, mechanisms: readonly string[]): string {
  const terms = existing === null ? ["v=spf1"] : termsOf(existing);
  const end = terms.findIndex((term) => ENDS.test(term));
  const before = end < 0 ? terms : terms.slice(0, end);
  const missing = missingIn(before, mechanisms);
  const after = end < 0 ? (existing === null ? ["~all"] : []) : terms.slice(end);
  return [...before, ...missing, ...after].join(" ");
}

/** Whether a record names every mechanism before its end. */
export function spfCovers(existing: string, mechanisms: readonly string[]): boolean {
  const terms = termsOf(existing);
  const end = terms.findIndex((term) => ENDS.test(term));
  const passAll = /^\+?all$/i.test(terms[end] ?? "");
  return passAll || missingIn(end < 0 ? terms : terms.slice(0, end), mechanisms).length === 0;
}

function termsOf(record: string): readonly string[] {
  return record.split(" ").filter((term) => term !== "");
}

function missingIn(terms: readonly string[], mechanisms: readonly string[]): readonly string[] {
  const known = new Set(terms.map((term) => term.toLowerCase().replace(/^\+/, "")));
  return mechanisms.filter((mechanism) => !known.has(mechanism.toLowerCase()));
}
