// Where the portal is: everything stands behind the # of the URL, so that links, reload and the back button
// work, and addresses in filters never reach a server or its log.
import { useEffect, useState } from "preact/hooks";

/** A place: `#/activity?event=open` or `#/message/<id>`. */
export type Place = {
  readonly screen: string;
  /** What stands behind the screen's name, or "". */
  readonly id: string;
  readonly query: Readonly<Record<string, string>>;
};

/** The place that a hash names; unknown ones are the overview. Pure. */
export function placeOf(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [screen = "", id = ""] = path.split("/");
  const query = Object.fromEntries(new URLSearchParams(search));
  return { screen: screen || "overview", id: decoded(id), query };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A % that somebody typed.
    return text;
  }
}

/** The hash of a place; empty filters are left out. Pure. */
export function hashOf({ screen, id = "", query = {} }: Partial<Place>): string {
  const filled = Object.entries(query).filter(([, value]) => value !== "");
  const search = new URLSearchParams(filled).toString();
  const path = `#/${screen ?? "overview"}${id ? `/${encodeURIComponent(id)}` : ""}`;
  return search === "" ? path : `${path}?${search}`;
}

/** The place now; the component is drawn anew when it changes. */
export function usePlace(): Place {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return placeOf(hash);
}

/** Goes somewhere else. */
export function go(place: Partial<Place>): void {
  location.hash = hashOf(place);
}
