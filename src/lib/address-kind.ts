// Which IP addresses may be called on a stranger's word: those of the public Internet, and nothing
// that a network keeps for itself. Pure; names are resolved elsewhere (doh.ts).
import ipaddr from "ipaddr.js";

/** Where an address leads: the Internet, this machine, or a range that is nobody's to call. */
export type AddressKind = "public" | "loopback" | "special";

/** The only IPv6 space that the Internet uses (RFC 4291 §2.4, IANA): 2000::/3. */
const IPV6_GLOBAL: [InstanceType<typeof ipaddr.IPv6>, number] = [ipaddr.IPv6.parse("2000::"), 3];

/**
 * The kind of an IP address, or null when the text is none. IPv4 in four decimal parts only (a URL
 * parser has normalised other spellings); IPv6 without brackets and zone. Addresses that carry an
 * IPv4 address inside (mapped, NAT64, 6to4, Teredo) are special, whatever they carry.
 */
export function addressKind(text: string): AddressKind | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return kindOfRange(ipaddr.IPv4.parse(text).range());
  if (text.includes("%") || !ipaddr.IPv6.isValid(text)) return null;
  const address = ipaddr.IPv6.parse(text);
  const range = address.range();
  if (range === "unicast" && !address.match(IPV6_GLOBAL)) return "special";
  return kindOfRange(range);
}

function kindOfRange(range: string): AddressKind {
  if (range === "unicast") return "public";
  return range === "loopback" ? "loopback" : "special";
}
