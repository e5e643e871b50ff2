// Log lines: one JSON object a line, whatever a stranger wrote into a field.
import { afterEach, describe, expect, it, vi } from "vitest";
import { consoleLog, reasonOf } from "../../src/lib/log.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the console was given at a level. */
function logged(level: "info" | "warn" | "error", fields?: Parameters<typeof consoleLog>[2]) {
  const console_ = vi.spyOn(console, level).mockImplementation(() => undefined);
  consoleLog(level, "something_happened", fields);
  const line: unknown = console_.mock.calls[0]?.[0];
  expect([console_.mock.calls.length, typeof line]).toEqual([1, "string"]);
  return String(line);
}

describe("consoleLog", () => {
  it.each(["info", "warn", "error"] as const)("writes one line of JSON at %s", (level) => {
    const line = logged(level, { message: "id", tries: 3, again: true, code: null });
    expect(JSON.parse(line)).toEqual({
      level,
      event: "something_happened",
      message: "id",
      tries: 3,
      again: true,
      code: null,
    });
  });

  it("needs no fields", () => {
    expect(JSON.parse(logged("info"))).toEqual({ level: "info", event: "something_happened" });
  });

  it("keeps a stranger's line breaks inside the line", () => {
    const line = logged("warn", { reason: 'a\r\n{"level":"error"}\u2028b\n' });
    expect(line).not.toMatch(/[\r\n]/);
  });

  it("cuts a long text to 500 characters", () => {
    const { reason }: { reason: string } = JSON.parse(
      logged("warn", { reason: "x".repeat(5_000) }),
    );
    expect(reason.length).toBe(500);
  });
});

describe("reasonOf", () => {
  it.each([
    [new Error("broken"), "broken"],
    [new TypeError("bad type"), "bad type"],
    ["a text", "a text"],
    [undefined, "undefined"],
    [{ code: 1 }, "[object Object]"],
  ])("of %j is %j", (error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });
});
