// A Basic password: the right one under any user name, and nothing else.
import { describe, expect, it } from "vitest";
import { verifyBasic } from "../../../src/inbound/intake/basic.ts";

const SECRET = "a:long:password-1";
const header = (pair: string) => `Basic ${btoa(pair)}`;

describe("verifyBasic", () => {
  it.each([header(`edgepost:${SECRET}`), header(`:${SECRET}`), `basic  ${btoa(`u:${SECRET}`)} `])(
    "believes %s",
    async (text) => {
      expect(await verifyBasic(SECRET, text)).toBe(true);
    },
  );

  it.each([
    null,
    "",
    "Basic",
    "Basic !",
    header(""),
    header(SECRET),
    header("u:"),
    header(`u:${SECRET}x`),
    header(`u:${SECRET.slice(1)}`),
    header(`u:${SECRET.toUpperCase()}`),
    `Bearer ${btoa(`u:${SECRET}`)}`,
    `Basic ${SECRET}`,
    `${header(`u:${SECRET}`)}${"=".repeat(5_000)}`,
  ])("does not believe %j", async (text) => {
    expect(await verifyBasic(SECRET, text)).toBe(false);
  });

  it("never believes an empty password", async () => {
    expect(await verifyBasic("", null)).toBe(false);
    expect(await verifyBasic("", "Basic x")).toBe(false);
  });
});
