// Virtual MTAs: the ways that mail can leave by (contract 3.6).

import type { App } from "../../app.ts";

/** A virtual MTA as the wire knows it. */
export type VirtualMta = { readonly id: number; readonly type: string; readonly name: string };

/** Whatever the deployment sends through unless told otherwise. */
const DEFAULT_ROUTE: VirtualMta = { id: 0, type: "default_route", name: "System Default Route" };

/** Every virtual MTA that there is. */
export function virtualMtas(_app: App): Promise<readonly VirtualMta[]> {
  return Promise.resolve([DEFAULT_ROUTE]);
}
