// A link to a screen of the portal.
import type { ComponentChildren } from "preact";
import { hashOf, type Place } from "../lib/router.ts";
import { useMe } from "../lib/session.ts";
import { maySee } from "../screens.ts";

type LinkProps = { readonly to: Partial<Place>; readonly children: ComponentChildren };

/** Only its words where somebody may not see the screen. */
export function Link({ to, children }: LinkProps) {
  return maySee(useMe(), to.screen) ? <a href={hashOf(to)}>{children}</a> : <>{children}</>;
}
