// The address of a client that sends, as SPF and reverse DNS write and compare it. Pure.
import ipaddr from "ipaddr.js";

/** An address; IPv4 inside IPv6 counts as IPv4. */
export type Client = ipaddr.IPv4 | ipaddr.IPv6;

/** Reads an address. Throws when it is none. */
export function parseClient(ip: string): Client {
  return ipaddr.process(ip);
}

/** IPv6 as nibbles, in the order of the address (§7.3). */
export function dottedAddress(client: Client): string {
  if (client.kind() === "ipv4") return client.toString();
  const digits = client.toByteArray().map((byte) => byte.toString(16).padStart(2, "0"));
  return digits.join("").split("").join(".");
}

/** The name that PTR records of an address stand at (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(client: Client): string {
  const zone = client.kind() === "ipv4" ? "in-addr.arpa" : "ip6.arpa";
  return `${dottedAddress(client).split(".").toReversed().join(".")}.${zone}`;
}

/** Whether an address is in a network of the same family; what is no address is not. */
export function within(client: Client, network: string, bits: number): boolean {
  if (!ipaddr.isValid(network)) return false;
  const other = ipaddr.parse(network);
  if (other instanceof ipaddr.IPv4) {
    return client instanceof ipaddr.IPv4 && client.match(other, Math.min(bits, 32));
  }
  return client instanceof ipaddr.IPv6 && client.match(other, bits);
}
