import { describe, expect, it } from "vitest";
import { addressKind } from "../../src/lib/address-kind.ts";

describe("addressKind", () => {
  it.each([
    ["8.8.8.8", "public"],
    ["172.15.255.255", "public"],
    ["172.32.0.0", "public"],
    ["100.63.255.255", "public"],
    ["100.128.0.0", "public"],
    ["169.253.255.255", "public"],
    ["223.255.255.255", "public"],
    ["2606:4700::1111", "public"],
    ["2a00:1450:4001:80b::200e", "public"],
    ["127.0.0.1", "loopback"],
    ["127.8.9.10", "loopback"],
    ["::1", "loopback"],
    ["0.0.0.0", "special"],
    ["10.1.2.3", "special"],
    ["172.16.0.0", "special"],
    ["192.168.255.255", "special"],
    ["169.254.169.254", "special"],
    ["224.0.0.251", "special"],
    ["255.255.255.255", "special"],
    ["::", "special"],
    ["::ffff:8.8.8.8", "special"],
    ["::ffff:127.0.0.1", "special"],
    ["64:ff9b::8.8.8.8", "special"],
    ["2002:808:808::1", "special"],
    ["2001::1", "special"],
    ["2001:db8::1", "special"],
    ["fd12:3456::1", "special"],
    ["fe80::1", "special"],
    ["ff02::fb", "special"],
    ["1::1", "special"],
    ["e000::1", "special"],
  ] as const)("says that %s is %s", (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  });

  it.each([
    "",
    "x",
    "8.8.8",
    "8.8.8.08",
    "0x8.8.8.8",
    "134744072",
    "fe80::1%eth0",
    "[::1]",
    "1.2.3.4.5",
  ])("says that %j is no address", (text) => {
    expect(addressKind(text)).toBeNull();
  });
});
