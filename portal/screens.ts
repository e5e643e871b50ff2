// Every screen of the portal, one line each; the order is that of the navigation. Each is loaded when it is opened first.
import type { ComponentType } from "preact";
import { may, type Me } from "./lib/session.ts";

/** The parts of the navigation, in their order. */
export const GROUPS = ["Mail", "Audience", "Sending", "Developers", "Account"] as const;

/** One screen: its first part of the URL, its name in the navigation (null: reached by links only), its code. */
export type Screen = {
  readonly path: string;
  readonly label: string | null;
  /** Where in the navigation it stands. */
  readonly group: (typeof GROUPS)[number];
  /** The resource (first word of its path below /v1) that somebody must be allowed to see; null: everybody. */
  readonly needs: string | null;
  readonly load: () => Promise<{ readonly Screen: ComponentType }>;
};

export const SCREENS: readonly Screen[] = [
  {
    path: "overview",
    label: "Overview",
    group: "Mail",
    needs: "stats",
    load: () => import("./screens/overview/screen.tsx"),
  },
  {
    path: "activity",
    label: "Activity",
    group: "Mail",
    needs: "activity",
    load: () => import("./screens/activity/screen.tsx"),
  },
  {
    path: "message",
    label: null,
    group: "Mail",
    needs: "messages",
    load: () => import("./screens/message/screen.tsx"),
  },
  {
    path: "lists",
    label: "Lists",
    group: "Audience",
    needs: "lists",
    load: () => import("./screens/lists/screen.tsx"),
  },
  {
    path: "contacts",
    label: "Contacts",
    group: "Audience",
    needs: "contacts",
    load: () => import("./screens/contacts/screen.tsx"),
  },
  {
    path: "fields",
    label: "Fields and tags",
    group: "Audience",
    needs: "custom-fields",
    load: () => import("./screens/fields/screen.tsx"),
  },
  {
    path: "imports",
    label: "Imports",
    group: "Audience",
    needs: "imports",
    load: () => import("./screens/imports/screen.tsx"),
  },
  {
    path: "suppressions",
    label: "Suppressions",
    group: "Audience",
    needs: "suppressions",
    load: () => import("./screens/suppressions/screen.tsx"),
  },
  {
    path: "send-test",
    label: "Send a test",
    group: "Mail",
    needs: "send-email",
    load: () => import("./screens/send-test/screen.tsx"),
  },
  {
    path: "exports",
    label: "Exports",
    group: "Mail",
    needs: "exports",
    load: () => import("./screens/exports/screen.tsx"),
  },
  {
    path: "domains",
    label: "Domains",
    group: "Sending",
    needs: "domains",
    load: () => import("./screens/domains/screen.tsx"),
  },
  {
    path: "relays",
    label: "Relays",
    group: "Sending",
    needs: "relays",
    load: () => import("./screens/relays/screen.tsx"),
  },
  {
    path: "limits",
    label: "Limits",
    group: "Sending",
    needs: "account",
    load: () => import("./screens/limits/screen.tsx"),
  },
  {
    path: "webhooks",
    label: "Webhooks",
    group: "Developers",
    needs: "webhooks",
    load: () => import("./screens/webhooks/screen.tsx"),
  },
  {
    path: "webhook-events",
    label: null,
    group: "Developers",
    needs: "webhooks",
    load: () => import("./screens/webhook-events/screen.tsx"),
  },
  {
    path: "keys",
    label: "API keys",
    group: "Developers",
    needs: "keys",
    load: () => import("./screens/keys/screen.tsx"),
  },
  {
    path: "smtp",
    label: "SMTP",
    group: "Developers",
    needs: "smtp-credentials",
    load: () => import("./screens/smtp/screen.tsx"),
  },
  {
    path: "team",
    label: "Team",
    group: "Account",
    needs: "users",
    load: () => import("./screens/team/screen.tsx"),
  },
  {
    path: "settings",
    label: "Settings",
    group: "Account",
    needs: "account",
    load: () => import("./screens/settings/screen.tsx"),
  },
  {
    path: "audit",
    label: "Audit",
    group: "Account",
    needs: "audit",
    load: () => import("./screens/audit/screen.tsx"),
  },
  {
    path: "you",
    label: "You",
    group: "Account",
    needs: null,
    load: () => import("./screens/you/screen.tsx"),
  },
];

/** The screens that somebody may see, in their order. */
export function screensOf(me: Me): readonly Screen[] {
  return SCREENS.filter(({ needs }) => may(me, needs));
}

/** Whether somebody may see a screen, by its path. */
export function maySee(me: Me, path = "overview"): boolean {
  return screensOf(me).some((screen) => screen.path === path);
}
