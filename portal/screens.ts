// Every screen of the portal, one line each; the order is that of the navigation. Each is loaded when it is opened first.
import type { ComponentType } from "preact";

/** One screen: its first part of the URL, its name in the navigation (null: reached by links only), its code. */
export type Screen = {
  readonly path: string;
  readonly label: string | null;
  readonly load: () => Promise<{ readonly Screen: ComponentType }>;
};

export const SCREENS: readonly Screen[] = [
  { path: "overview", label: "Overview", load: () => import("./screens/overview/screen.tsx") },
  { path: "activity", label: "Activity", load: () => import("./screens/activity/screen.tsx") },
  { path: "message", label: null, load: () => import("./screens/message/screen.tsx") },
  { path: "send-test", label: "Send a test", load: () => import("./screens/send-test/screen.tsx") },
];
