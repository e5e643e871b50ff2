// Somebody for journeys: invited with the deployment's key, with a password chosen by the invitation's link.
import { expect } from "vitest";
import * as z from "zod";
import type { World } from "./world.ts";

/** What somebody signs in with. */
export type Person = World["portal"] & { readonly id: string };

const madeSchema = z.object({ data: z.object({ id: z.string(), invitation_url: z.string() }) });

/** Makes a user with a role, and with modules that the Super Admin opens for transactional mail. */
export async function givenPerson(
  world: World,
  { role, modules = [] }: { readonly role: string; readonly modules?: readonly string[] },
): Promise<Person> {
  const email = `${role}-${crypto.randomUUID().slice(0, 8)}@people.test`;
  const password = "correct horse battery";
  const headers = { authorization: `Bearer ${world.key}` };
  const body = { email, name: `A ${role}`, role };
  const { data } = madeSchema.parse(
    await ask(world, "POST", "/v1/users?mail=false", { headers, body }),
  );
  const token = data.invitation_url.split("#/invitation/")[1] ?? "";
  await ask(world, "POST", "/v1/invitations", { headers: {}, body: { token, password } });
  if (modules.length > 0) {
    const boss = { cookie: await cookieOf(world, world.portal) };
    const grants = modules.map((module) => ({ module, mail_class: "transactional" }));
    const path = `/v1/users/${data.id}/modules`;
    await ask(world, "PUT", path, { headers: boss, body: { modules: grants } });
  }
  return { id: data.id, url: world.portal.url, email, password };
}

/** Another invitation's token: what a reset of the password is. */
export async function resetToken(world: World, id: string): Promise<string> {
  const headers = { authorization: `Bearer ${world.key}` };
  const path = `/v1/users/${id}/invitation?mail=false`;
  const said = z.object({ data: z.object({ invitation_url: z.string() }) });
  const { data } = said.parse(await ask(world, "POST", path, { headers, body: {} }));
  return data.invitation_url.split("#/invitation/")[1] ?? "";
}

async function cookieOf(
  world: World,
  { email, password }: Pick<Person, "email" | "password">,
): Promise<string> {
  const response = await fetch(`${world.url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: world.url },
    body: JSON.stringify({ email, password }),
  });
  expect(response.status, await response.clone().text()).toBe(201);
  return (response.headers.get("set-cookie") ?? "").split(";", 1)[0] ?? "";
}

async function ask(
  world: World,
  method: string,
  path: string,
  { headers, body }: { readonly headers: Record<string, string>; readonly body: object },
): Promise<unknown> {
  const response = await fetch(`${world.url}${path}`, {
    method,
    headers: { ...headers, "content-type": "application/json", origin: world.url },
    body: JSON.stringify(body),
  });
  expect(response.ok, `${method} ${path}: ${await response.clone().text()}`).toBe(true);
  return response.json();
}
