// The grammar of two fields that receivers insist on (RFC 5322). Pure.

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAYS = "sun mon tue wed thu fri sat".split(" ");

/** §3.3, with the zones by name that §4.3 allows and comments at the end. */
const DATE_TIME =
  /^(?:([a-z]{3})\s*,)?\s*(\d{1,2})\s+([a-z]{3})\s+(\d{4})\s+(\d{2}):(\d{2})(?::(\d{2}))?\s+(?:[+-]\d{2}[0-5]\d|UT|GMT|[ECMP][SD]T)(?:\s*\([^()]*\))*$/i;

/** Whether a text is a date and time that exists, on the day of the week that it names. */
export function isDateTime(text: string): boolean {
  const [all, weekday, day = "", month = "", year = "", hour = "", minute = "", second = "0"] =
    DATE_TIME.exec(text) ?? [];
  if (all === undefined) return false;
  const at = new Date(Date.UTC(Number(year), MONTHS.indexOf(month.toLowerCase()), Number(day)));
  const exists = at.getUTCDate() === Number(day) && MONTHS.includes(month.toLowerCase());
  // 60 is a leap second.
  const inDay = Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60;
  const named = weekday === undefined || DAYS[at.getUTCDay()] === weekday.toLowerCase();
  return exists && inDay && named;
}

/** §3.6.4: one msg-id, its right side a dot-atom or a no-fold-literal. */
export function isMessageId(text: string): boolean {
  return /^<[\w!#$%&'*+\-/=?^`{|}~.]+@(?:[\w!#$%&'*+\-/=?^`{|}~.]+|\[[\x21-\x5a\x5e-\x7e]*\])>$/.test(
    text,
  );
}
