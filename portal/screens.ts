// Every screen of the portal, one line each; the order is that of the navigation. Each is loaded when it is opened first.
import type { ComponentType } from "preact";

/** One screen: its first part of the URL, its name in the navigation (null: reached by links only), its code. */
export type Screen = {
  readonly path: string;
  readonly label: string | null;
  /** The resource (first word of its path below /v1) that somebody must be allowed to see; null: everybody. */
  readonly needs: string | null;
  readonly load: () => Promise<{ readonly Screen: ComponentType }>;
};

export const SCREENS: readonly Screen[] = [
  {
    path: "overview",
    label: "Overview",
    needs: "stats",
    load: () => import("./screens/overview/screen.tsx"),
  },
  {
    path: "activity",
    label: "Activity",
    needs: "activity",
    load: () => import("./screens/activity/screen.tsx"),
  },
  {
    path: "message",
    label: null,
    needs: "messages",
    load: () => import("./screens/message/screen.tsx"),
  },
  {
    path: "suppressions",
    label: "Suppressions",
    needs: "suppressions",
    load: () => import("./screens/suppressions/screen.tsx"),
  },
  {
    path: "send-test",
    label: "Send a test",
    needs: "send-email",
    load: () => import("./screens/send-test/screen.tsx"),
  },
  { path: "team", label: "Team", needs: "users", load: () => import("./screens/team/screen.tsx") },
  { path: "you", label: "You", needs: null, load: () => import("./screens/you/screen.tsx") },
];
