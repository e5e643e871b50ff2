// Virtual MTAs: the ways that mail can leave by (contract 3.6). There is one: the relays, in their order.

/** A virtual MTA as the wire knows it. */
export type VirtualMta = { readonly id: number; readonly type: string; readonly name: string };

/** Every virtual MTA that there is. */
export const VIRTUAL_MTAS: readonly VirtualMta[] = [
  { id: 0, type: "default_route", name: "System Default Route" },
];
