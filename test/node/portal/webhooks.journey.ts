// The journeys of webhooks: one breaks, is seen failing, is mended and replayed; its secret is shown once.
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Page } from "playwright-core";
import { Webhook as Verifier } from "standardwebhooks";
import { expect, it } from "vitest";
import * as z from "zod";
import { confirm, signedIn, visit } from "./browse.ts";
import type { World } from "./world.ts";

type Taken = { readonly headers: Record<string, string>; readonly body: string };

/** What a receiver got, and the status that it answers with. */
type Receiver = {
  readonly url: string;
  status: number;
  readonly taken: readonly Taken[];
  readonly close: () => Promise<void>;
};

/** What a receiver answers when it is broken; words of a stranger. */
const BROKEN = "the disk is full";

async function startReceiver(status: number, words = BROKEN): Promise<Receiver> {
  const taken: Taken[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
      taken.push({ headers: Object.fromEntries(headers), body: body.toString() });
      const isGood = receiver.status < 300;
      // Nothing is tried again before the test asks for it.
      response.writeHead(receiver.status, isGood ? {} : { "retry-after": "3600" });
      response.end(isGood ? "" : words);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // One goes on to the end, for those who look at its failure.
  server.unref();
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    status,
    taken,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return receiver;
}

async function send({ url, key }: World, to: string): Promise<void> {
  const email = {
    from: "hello@edgepost.test",
    subject: "Told by webhook",
    text: "a",
    recipients: { to: [{ email: to }] },
  };
  const response = await fetch(`${url}/v1/send-email`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ email }),
  });
  expect(response.status).toBe(200);
}

/** The secret that is shown, and the id of its webhook. */
async function shown(page: Page): Promise<{ readonly id: string; readonly secret: string }> {
  const secret = (await page.getByText(/^whsec_/).textContent()) ?? "";
  const link = page.getByRole("status").getByRole("link").first();
  const id = (await link.getAttribute("href"))?.split("/").at(-1) ?? "";
  return { id, secret };
}

const time = z.string().nullable();
const healthSchema = z.object({ data: z.object({ told_up_to: time, failing_since: time }) });

/** How a webhook is: what a pass came to is known some moments after its posts. */
async function healthOf({ url, key }: World, id: string) {
  const headers = { authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}/v1/webhooks/${id}/health`, { headers });
  return healthSchema.parse(await answer.json()).data;
}

async function add(page: Page, url: string) {
  await visit(page, "webhooks");
  await page.getByLabel(/^URL that takes/).fill(url);
  await page.getByRole("button", { name: "Add the webhook" }).click();
  return shown(page);
}

/** Registers the journeys; `keep` is told a webhook that stays, with a failure to look at. */
export function webhookJourneys(world: () => World, keep: (id: string) => void): void {
  let broken = { id: "", url: "" };

  it("breaks a webhook, shows why, and replays it when it is mended", async () => {
    const script = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    const receiver = await startReceiver(500, `${BROKEN} ${script}`);
    const page = await signedIn(world());
    const ran: string[] = [];
    page.on("dialog", (dialog) => {
      ran.push(dialog.message());
      void dialog.dismiss();
    });
    const { id, secret } = await add(page, receiver.url);
    await page.reload();
    await page.getByRole("cell", { name: receiver.url }).waitFor();
    expect(await page.getByText(secret).count()).toBe(0);

    await send(world(), "mended@example.com");
    await expect
      .poll(async () => (await healthOf(world(), id)).failing_since, { timeout: 8_000 })
      .not.toBeNull();
    await visit(page, "overview");
    await page.getByText(`The webhook to ${receiver.url} fails.`).waitFor();
    await page.getByRole("link", { name: "See what was sent and what came back." }).click();
    await page.getByText("failing", { exact: true }).waitFor();
    await page.getByRole("link", { name: /^Request and answer/ }).click();
    await page.locator("pre", { hasText: `${BROKEN} ${script}` }).waitFor();
    const sent =
      (await page.locator("pre", { hasText: `POST ${receiver.url}` }).textContent()) ?? "";
    expect(sent).toContain(`webhook-id: ${receiver.taken[0]?.headers["webhook-id"]}`);
    expect(sent).toContain('"email": "mended@example.com"');

    receiver.status = 204;
    const before = receiver.taken.length;
    await page.getByRole("button", { name: /^Replay delivery_attempt/ }).click();
    await page.getByText("It waits no more: it was taken meanwhile.").waitFor();
    await page.getByText("enabled", { exact: true }).waitFor();
    await page.getByText("every event that was posted so far was taken").waitFor();
    expect(receiver.taken.length).toBeGreaterThan(before);
    const [first, last] = [receiver.taken[0], receiver.taken.at(-1)];
    expect(last?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(last?.body).toBe(first?.body);
    expect(new Verifier(secret).verify(last?.body ?? "", last?.headers ?? {})).toBeTruthy();

    await page.getByLabel(/^Id of an event/).fill(first?.headers["webhook-id"] ?? "");
    await page.getByRole("button", { name: "Replay this event" }).click();
    await expect.poll(() => receiver.taken.length, { timeout: 8_000 }).toBe(before + 2);
    await page.getByRole("button", { name: "Delete …" }).click();
    await page.getByLabel(/^Type/).fill(new URL(receiver.url).host);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("heading", { name: "Webhooks" }).waitFor();
    await page.getByText("Loading …").waitFor({ state: "detached" });
    expect(await page.getByText(receiver.url).count()).toBe(0);
    const gone = await page.request.get(new URL(`/v1/webhooks/${id}`, page.url()).href);
    expect(gone.status()).toBe(404);
    expect(ran).toEqual([]);
    await page.context().close();
    await receiver.close();
  });

  it("rotates a webhook's secret, shows it once, tests, pauses and replays a range", async () => {
    const receiver = await startReceiver(204);
    const page = await signedIn(world());
    const { id, secret } = await add(page, receiver.url);
    await visit(page, `webhooks/${id}`);
    await page.getByRole("button", { name: "Rotate the secret …" }).click();
    await confirm(page, "rotate", "Rotate");
    const rotated = await shown(page);
    expect(rotated.secret).not.toBe(secret);
    await page.reload();
    await page.getByText("Its old secret signs too until").waitFor();
    expect(await page.getByText("whsec_").count()).toBe(0);

    await page.getByLabel("A sample of").selectOption("click");
    await page.getByRole("button", { name: "Send it" }).click();
    await page.getByText(/It was taken after/).waitFor();
    const [post] = receiver.taken;
    for (const known of [secret, rotated.secret]) {
      expect(new Verifier(known).verify(post?.body ?? "", post?.headers ?? {})).toMatchObject({
        event: "click",
      });
    }

    const from = new Date(Date.now() - 60_000);
    const { told_up_to: before } = await healthOf(world(), id);
    await send(world(), "replayed@example.com");
    await expect.poll(() => receiver.taken.length, { timeout: 8_000 }).toBe(2);
    // A replay leaves to the cursor what it has not passed.
    await expect
      .poll(async () => (await healthOf(world(), id)).told_up_to, { timeout: 8_000 })
      .not.toBe(before);
    const local = (date: Date): string =>
      new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
    await page.getByLabel(/^From/).fill(local(from));
    await page.getByLabel(/^To/).fill(local(new Date(Date.now() + 1_000)));
    await page.getByRole("button", { name: "Replay this range" }).click();
    await expect
      .poll(() => receiver.taken.filter(({ body }) => body.includes("replayed@")).length, {
        timeout: 8_000,
      })
      .toBe(2);

    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("disabled by request").waitFor();
    await page.getByRole("button", { name: "Enable", exact: true }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();

    receiver.status = 500;
    await send(world(), "lost@example.com");
    await expect.poll(() => receiver.taken.at(-1)?.body, { timeout: 8_000 }).toContain("lost@");
    await expect
      .poll(async () => (await healthOf(world(), id)).failing_since, { timeout: 8_000 })
      .not.toBeNull();
    const failed = receiver.taken.at(-1)?.headers["webhook-id"];
    keep(`${id}?failure=${failed}`);
    broken = { id, url: receiver.url };
    await page.context().close();
  });

  it("lets the support look at a webhook, and offers neither changes nor events", async () => {
    const page = await signedIn(world());
    const reader = await givenReader(page, world());
    await visit(reader, `webhooks/${broken.id}`);
    await reader.getByRole("cell", { name: `answered 500: ${BROKEN}` }).waitFor();
    await reader.getByRole("button", { name: "Refresh" }).waitFor();
    const offered = await reader.getByRole("main").getByRole("button").allTextContents();
    const columns = ["Event", "Happened", "What came back", "Tries", "Next try", "Look and act"];
    expect(offered).toEqual(["Refresh", ...columns, "Export these 1 as CSV"]);
    expect(await reader.getByRole("link", { name: /^Request and answer/ }).count()).toBe(0);
    await visit(reader, "webhooks");
    await reader.getByRole("cell", { name: broken.url }).waitFor();
    expect(await reader.getByRole("button", { name: "Add the webhook" }).count()).toBe(0);
    await reader.context().close();
    await page.context().close();
  });
}

const PASSWORD = "correct horse battery";

const invitedSchema = z.object({ data: z.object({ invitation_url: z.string() }) });

/** Somebody of the support, made by whoever is signed in at a page, signed in at a browser of their own. */
async function givenReader(page: Page, world: World): Promise<Page> {
  const { origin } = new URL(page.url());
  const reader = { email: "support@people.test", name: "Sue Port", role: "support" };
  const ask = { headers: { origin }, data: reader };
  const made = await page.request.post(`${origin}/v1/users?mail=false`, ask);
  const { invitation_url: link } = invitedSchema.parse(await made.json()).data;
  const token = link.split("/").at(-1);
  const data = { token, password: PASSWORD };
  const chosen = await page.request.post(`${origin}/v1/invitations`, { headers: { origin }, data });
  expect(chosen.ok()).toBe(true);
  const portal = { url: world.portal.url, email: reader.email, password: PASSWORD };
  return signedIn({ ...world, portal });
}
