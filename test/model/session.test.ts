// The cookie of a session, and which requests a foreign page made. Pure.
import { describe, expect, it } from "vitest";
import {
  cookieOf,
  isForeign,
  isSessionToken,
  makeSessionToken,
  noCookie,
  tokenIn,
} from "../../src/model/session.ts";

const HERE = "https://mail.example.com";

describe("the cookie (decision 20)", () => {
  const session = { token: "abc", maxAgeMs: 60_000 };

  it.each([
    [HERE, "__Host-edgepost=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Strict; Secure"],
    [
      "http://mail.example.com",
      "__Host-edgepost=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Strict; Secure",
    ],
    [
      "https://localhost",
      "__Host-edgepost=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Strict; Secure",
    ],
    ["http://127.0.0.1:8787", "edgepost=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Strict"],
    ["http://localhost:8787", "edgepost=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Strict"],
    ["http://[::1]:8787", "edgepost=abc; Max-Age=60; Path=/; HttpOnly; SameSite=Strict"],
  ])("at %s is %s", (origin, cookie) => {
    expect(cookieOf(origin, session)).toBe(cookie);
  });

  it("is taken away by one that is over", () => {
    expect(noCookie(HERE)).toContain("__Host-edgepost=; Max-Age=0;");
  });

  it.each([
    [HERE, "__Host-edgepost=abc", "abc"],
    [HERE, "a=b; __Host-edgepost=abc; c=d", "abc"],
    // Anybody on plain http could set one without the prefix.
    [HERE, "edgepost=abc", null],
    [HERE, "x__Host-edgepost=abc", null],
    [HERE, null, null],
    ["http://127.0.0.1:1", "edgepost=abc", "abc"],
  ])("at %s in %s is read as %s", (origin, header, token) => {
    expect(tokenIn(origin, header)).toBe(token);
  });

  it("holds a token of 256 bits", () => {
    expect(isSessionToken(makeSessionToken())).toBe(true);
    for (const wrong of ["", "x", `${makeSessionToken()}x`, "é".repeat(43)]) {
      expect(isSessionToken(wrong)).toBe(false);
    }
  });
});

describe("a request of a foreign page", () => {
  it.each([
    ["POST", { Origin: HERE }, false],
    ["POST", { Origin: "https://evil.example" }, true],
    ["POST", { Origin: "null" }, true],
    ["POST", { Origin: "http://mail.example.com" }, true],
    ["POST", { Origin: `${HERE}.evil.example` }, true],
    ["POST", { Origin: `${HERE}:8443` }, true],
    ["PUT", { Origin: "https://evil.example" }, true],
    ["PATCH", { Origin: "https://evil.example" }, true],
    ["DELETE", { Origin: "https://evil.example" }, true],
    ["POST", { "Sec-Fetch-Site": "cross-site" }, true],
    ["POST", { "Sec-Fetch-Site": "same-site" }, true],
    ["POST", { "Sec-Fetch-Site": "same-origin" }, false],
    ["POST", {}, false],
    ["POST", { "Content-Type": "application/json" }, false],
    ["POST", { "Content-Type": "text/plain;charset=UTF-8" }, true],
    ["POST", { "Content-Type": "Application/X-WWW-Form-Urlencoded" }, true],
    ["POST", { "Content-Type": "multipart/form-data; boundary=x" }, true],
    ["POST", { "Content-Type": "text/plain", "Sec-Fetch-Site": "same-origin" }, false],
    ["POST", { "Content-Type": "text/plain", Origin: HERE }, false],
    ["GET", { Origin: "https://evil.example" }, false],
    ["GET", { Origin: "https://evil.example", Upgrade: "websocket" }, true],
    ["GET", { Origin: HERE, Upgrade: "websocket" }, false],
  ] as const)("%s %o: %s", (method, headers, foreign) => {
    expect(isForeign(HERE, method, new Headers(headers))).toBe(foreign);
  });
});
