// The matrix of roles and resources: every operation of /v1 has a row, and the rows say what was agreed (F-026).
import { describe, expect, it } from "vitest";
import { kasplo } from "../../src/accept/kasplo/routes.ts";
import {
  allowedOf,
  classOf,
  deedOf,
  MATRIX,
  missingModule,
  refusalOf,
  roleAccess,
  ROLES,
  scopesOf,
} from "../../src/model/permission.ts";
import { ALL_MODULES } from "../support/people.ts";

const endpoints = kasplo.endpoints.map((one) => ({ ...one, deed: deedOf(one) }));

describe("the matrix", () => {
  it.each(endpoints.map(({ method, path, deed }) => [method, path, deed.resource]))(
    "has a row for %s %s",
    (_method, _path, resource) => {
      expect(Object.keys(MATRIX)).toContain(resource);
    },
  );

  it("has no row that no operation asks for, and a letter for each role", () => {
    const asked = new Set(endpoints.map(({ deed }) => deed.resource));
    const unused = Object.keys(MATRIX).filter((name) => !asked.has(name));
    expect(unused).toEqual([]);
    for (const { roles } of Object.values(MATRIX)) {
      expect(roles).toMatch(new RegExp(`^[wr-]{${ROLES.length}}$`));
    }
  });

  it.each([
    ["super_admin", "audit", "read"],
    ["developer", "keys", "write"],
    ["developer", "audit", null],
    ["marketer", "contacts", "write"],
    ["marketer", "keys", null],
    ["marketer", "relays", null],
    ["analyst", "keys", null],
    ["analyst", "smtp-credentials", null],
    ["analyst", "suppressions", "read"],
    ["analyst", "exports", "write"],
    ["analyst", "send-email", null],
    ["support", "messages", "read"],
    ["support", "webhooks", "read"],
    ["support", "send-email", null],
    ["admin", "nothing", null],
  ] as const)("lets %s with %s: %s", (role, resource, access) => {
    expect(roleAccess(role, resource)).toBe(access);
  });

  it("lets nobody below a Super Admin do what the one above may not", () => {
    for (const resource of Object.keys(MATRIX)) {
      expect(roleAccess("super_admin", resource)).not.toBe(null);
      expect([resource, roleAccess("admin", resource)]).toEqual([
        resource,
        roleAccess("super_admin", resource),
      ]);
    }
  });

  it("tells reads from writes by scope and method", () => {
    const deed = (name: string) => {
      const found = endpoints.find(({ method, path }) => `${method} ${path}` === name);
      return found?.deed;
    };
    expect(deed("GET /keys")).toEqual({ resource: "keys", access: "read" });
    expect(deed("DELETE /keys/:id")).toEqual({ resource: "keys", access: "write" });
    expect(deed("POST /send-email")).toEqual({ resource: "send-email", access: "write" });
    expect(deed("GET /events")).toEqual({ resource: "events", access: "read" });
  });
});

describe("modules (F-024)", () => {
  const nobodys = { role: "developer", grants: [] } as const;

  it("are closed until they are granted, for all but Super Admins", () => {
    expect(missingModule(nobodys, "messages")).toBe("transactional");
    expect(missingModule({ ...nobodys, role: "super_admin" }, "messages")).toBe(null);
    expect(missingModule(nobodys, "keys")).toBe(null);
    const read = { resource: "messages", access: "read" } as const;
    expect(refusalOf(nobodys, read)).toContain("the module transactional is not open");
    const grants = [{ module: "transactional", mailClass: "marketing" }] as const;
    expect(refusalOf({ role: "developer", grants }, read)).toBe(null);
    expect(allowedOf(nobodys)).not.toHaveProperty("messages");
    expect(allowedOf({ role: "developer", grants })).toHaveProperty("messages", "write");
  });

  it("keep a user to the one class they were granted for", () => {
    const one = { module: "transactional", mailClass: "marketing" } as const;
    expect(classOf({ role: "developer", grants: [one] })).toBe("marketing");
    expect(classOf({ role: "developer", grants: ALL_MODULES })).toBe(null);
    expect(classOf({ role: "super_admin", grants: [one] })).toBe(null);
  });
});

it("lets nobody make a key that may more than they", () => {
  for (const role of ROLES) {
    const manages = roleAccess(role, "audit") !== null;
    expect([role, scopesOf(role).includes("manage")]).toEqual([role, manages]);
    const sends = roleAccess(role, "send-email") === "write";
    expect([role, scopesOf(role).includes("send")]).toEqual([role, sends]);
  }
});
