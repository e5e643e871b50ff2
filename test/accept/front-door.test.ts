// The address of a deployment leads people to its portal, and so does the old sub-domain (F-028).
import { expect, it } from "vitest";
import { frontDoor } from "../../src/accept/front-door.ts";
import { handle } from "../../src/accept/http.ts";
import { testApp } from "../support/world.ts";

const publicUrl = "https://mail.example.com";

it.each([
  ["https://mail.example.com/", 302, "/portal"],
  ["https://webhook.mail.example.com/", 308, "https://mail.example.com/portal#/webhooks"],
  ["https://webhook.evil.example/", 302, "/portal"],
])("%s answers %d to %s", (url, status, location) => {
  for (const method of ["GET", "HEAD"]) {
    expect(frontDoor({ publicUrl }, { method, url })).toEqual({
      status,
      bytes: null,
      headers: { Location: location },
    });
  }
});

it("knows no old sub-domain where the own address is not known", () => {
  const asked = { method: "GET", url: "https://webhook.mail.example.com/" };
  expect(frontDoor({ publicUrl: null }, asked)).toMatchObject({ status: 302 });
});

it("is open to whoever looks, and to nothing else", async () => {
  const app = testApp({});
  const ask = (method: string, path: string) =>
    handle(app, new Request(`https://mail.example.com${path}`, { method, redirect: "manual" }));
  const front = await ask("GET", "/");
  expect([front.status, front.headers.get("Location")]).toEqual([302, "/portal"]);
  expect(front.headers.get("X-Request-Id")).not.toBeNull();
  expect((await ask("POST", "/")).status).toBe(404);
  expect((await ask("GET", "/index.html")).status).toBe(404);
});
