// Virtual MTAs: the ways that mail can leave by (contract 3.6, D-10). The default one is all relays in their
// order; each relay is one of its own, by its name.
import type { App } from "../../app.ts";
import { numbersOf } from "../../store/list-number.ts";
import { listRelays } from "../../store/relay.ts";

/** A virtual MTA as the wire knows it. */
export type VirtualMta = { readonly id: number; readonly type: string; readonly name: string };

/** The one that always is. */
export const DEFAULT_ROUTE: VirtualMta = {
  id: 0,
  type: "default_route",
  name: "System Default Route",
};

/** Every virtual MTA that there is, the default one first. Relays of one name are one. */
export async function virtualMtas(app: App): Promise<readonly VirtualMta[]> {
  const { relays } = await listRelays(app.db);
  const names = [...new Set(relays.map(({ name }) => name))];
  const numbers = await numbersOf(app.db, "virtual_mta", names);
  const own = names.flatMap((name) => {
    const id = numbers.get(name);
    return id === undefined ? [] : [{ id, type: "relay_server", name }];
  });
  return [DEFAULT_ROUTE, ...own];
}
