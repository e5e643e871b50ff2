// Fields as headers, delivery statuses and feedback reports have them: `Name: value` lines, folded, in
// groups that an empty line ends (RFC 5322 §2.2, RFC 3464 §2.1, RFC 5965 §3.2). Pure.

/** A group of fields: names in lower case, values unfolded; the first of a name counts. */
export type Fields = ReadonlyMap<string, string>;

/** More than any real report has: a status of a thousand recipients is nobody's of ours. */
const MAX_GROUPS = 100;
const MAX_FIELDS = 500;
const MAX_VALUE = 2_000;

/** The groups of a text; what is no field is passed over. */
export function fieldGroups(text: string): readonly Fields[] {
  const groups: Map<string, string>[] = [];
  let group = new Map<string, string>();
  let last: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "") {
      if (group.size > 0) groups.push(group);
      if (groups.length >= MAX_GROUPS) return groups;
      group = new Map();
      last = null;
    } else if (/^[ \t]/.test(line)) {
      const value = last === null ? undefined : group.get(last);
      if (last !== null && value !== undefined) {
        group.set(last, `${value} ${line.trim()}`.trimStart().slice(0, MAX_VALUE));
      }
    } else {
      last = addField(group, line);
    }
  }
  if (group.size > 0) groups.push(group);
  return groups;
}

/** Adds a line's field; answers its name, or null when it is none or had come before. */
function addField(group: Map<string, string>, line: string): string | null {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
  if (!/^[!-9;-~]{1,80}$/.test(name) || group.has(name) || group.size >= MAX_FIELDS) return null;
  group.set(
    name,
    line
      .slice(colon + 1)
      .trim()
      .slice(0, MAX_VALUE),
  );
  return name;
}
