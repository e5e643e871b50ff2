// The tenants file: who serves whom, and no secret in an error.
import { describe, expect, it } from "vitest";
import { parseTenants } from "../../../gateway/tenants.ts";
import { SECRET } from "./world.ts";

const OWN = { worker_url: "https://mail.example.com", secret: SECRET };

function parse(content: unknown) {
  return parseTenants(JSON.stringify(content));
}

describe("tenants", () => {
  it("are found by the domain of the user name, in any case", () => {
    const tenants = parse({ "example.com": OWN });
    expect(tenants.of("id@Example.COM")).toEqual({
      workerUrl: OWN.worker_url,
      secret: SECRET,
    });
    for (const username of ["id@other.test", "id@sub.example.com", "example.com", "id", "", "@"]) {
      expect(tenants.of(username), username).toBeNull();
    }
    expect(tenants.of("a@b@example.com")).not.toBeNull();
  });

  it("leave every other domain, and none, to *", () => {
    const other = { ...OWN, worker_url: "http://127.0.0.1:8787" };
    const tenants = parse({ "example.com": OWN, "*": other });
    expect(tenants.of("id@example.com")?.workerUrl).toBe(OWN.worker_url);
    expect(tenants.of("id@other.test")?.workerUrl).toBe(other.worker_url);
    expect(tenants.of("id")?.workerUrl).toBe(other.worker_url);
    expect(tenants.of("id@__proto__")?.workerUrl).toBe(other.worker_url);
  });

  it.each([
    [{}, /names no tenant/],
    [[], /tenants file/],
    [{ "Example.com": OWN }, /domain in lower case/],
    [{ "example.com": { ...OWN, worker_url: "http://mail.example.com" } }, /http only on loopback/],
    [{ "example.com": { ...OWN, worker_url: "https://mail.example.com/v1" } }, /origin/],
    [{ "example.com": { ...OWN, worker_url: "https://u:p@mail.example.com" } }, /origin/],
    [{ "example.com": { ...OWN, worker_url: "ftp://mail.example.com" } }, /origin/],
    [{ "example.com": { ...OWN, secret: "short-secret" } }, /at least 32 bytes/],
    [{ "example.com": { ...OWN, secret: `${SECRET}\r\nX: y` } }, /at least 32 bytes/],
    [{ "example.com": { ...OWN, url: "x" } }, /url/],
  ])("refuse %j", (content, message) => {
    expect(() => parse(content)).toThrow(message);
    expect(() => parse(content)).not.toThrow(/short-secret|Z2F0ZXdheS/);
  });

  it("are not told when the file is no JSON", () => {
    expect(() => parseTenants(`{"example.com": {"secret": "${SECRET}"`)).toThrow(
      /^tenants file: it is not JSON$/,
    );
  });
});
