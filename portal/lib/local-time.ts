// Times as a datetime-local input has them, in the viewer's zone, and as the API has them, ISO 8601 in UTC. Pure but
// for the zone. "" is no time in both.

/** `2026-11-21T10:00` of the viewer → ISO 8601. */
export function isoOf(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString();
}

/** A time of the API → the viewer's, to the minute. */
export function localOf(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  const year = String(time.getFullYear()).padStart(4, "0");
  const [month, day, hour, minute] = [
    time.getMonth() + 1,
    time.getDate(),
    time.getHours(),
    time.getMinutes(),
  ].map((part) => String(part).padStart(2, "0"));
  return `${year}-${month}-${day}T${hour}:${minute}`;
}

/** The viewer's zone: `Europe/Berlin`. */
export function zone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
