// The portal in a real browser, over a Worker with a relay: its journeys, what machines find wrong with its screens,
// and what strangers' words do in it. With PORTAL_SCREENSHOTS=all (or the names of
// screens, by commas) it draws the pictures of docs/portal anew.
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../../dev/bootstrap.js";
import { missing } from "../support/packages.ts";
import { activityJourneys } from "./activity.journey.ts";
import { openAudience, writeAudience } from "./audience.payloads.ts";
import { axe } from "./axe.ts";
import { confirm, signedIn, signIn, visit, WAIT_MS } from "./browse.ts";
import { linkTo, peopleJourneys } from "./people.journey.ts";
import { choicesJourneys } from "./choices.journey.ts";
import { domainsJourneys } from "./domains.journey.ts";
import { focusJourneys } from "./focus.journey.ts";
import { listsJourneys } from "./lists.journey.ts";
import { keysJourneys } from "./keys.journey.ts";
import { CANARY, PAYLOADS } from "./payloads.ts";
import { webhookJourneys } from "./webhooks.journey.ts";
import { rolesJourneys } from "./roles.journey.ts";
import { sendingJourneys } from "./sending.journey.ts";
import { watchingJourneys } from "./watching.journey.ts";
import { REFUSED_DOMAIN, startWorld, type World } from "./world.ts";

/** Contract: the first screen, all that it loads, gzip. */
const MAX_FIRST_SCREEN_BYTES = 120_000;
const PICTURES = join(ROOT, "docs", "portal");
const SCREENS = [
  "overview",
  "activity",
  "message",
  "exports",
  "lists",
  "lists/1",
  "contacts",
  "contacts/1",
  "fields",
  "imports",
  "suppressions",
  "domains",
  "domains/edgepost.test",
  "relays",
  "limits",
  "send-test",
  "webhooks",
  "webhook",
  "webhook-events",
  "keys",
  "smtp",
  "team",
  "settings",
  "audit",
  "you",
] as const;
const SIZES = [
  { width: 1280, height: 900 },
  { width: 375, height: 812 },
] as const;

/** How many pages look at what strangers wrote, side by side. */
const PAGES = 3;

const reason = await missing("chromium");
let world: World;
let messageId = "";
let webhookId = "";

async function send(email: object, tag?: string): Promise<string> {
  const response = await fetch(`${world.url}/v1/send-email`, {
    method: "POST",
    headers: { authorization: `Bearer ${world.key}`, "content-type": "application/json" },
    body: JSON.stringify({ email, ...(tag ? { "x-kasplo-click-tracking-id": tag } : {}) }),
  });
  expect(response.status, await response.clone().text()).toBe(200);
  return response.headers.get("x-message-id") ?? "";
}

/** Runs in the page: from now on each WebSocket closes before it was open. */
function noWebSocket(): void {
  class Closed extends EventTarget {
    constructor() {
      super();
      setTimeout(() => this.dispatchEvent(new Event("close")));
    }
    close(): void {}
  }
  Object.assign(globalThis, { WebSocket: Closed });
}

describe.skipIf(reason !== null)(`the portal${reason === null ? "" : ` (${reason})`}`, () => {
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => world?.close());

  it("is served under a policy that allows nothing inline", async () => {
    for (const path of ["/portal", "/portal/index"]) {
      const { headers } = await fetch(`${world.url}${path}`);
      expect(headers.get("content-security-policy")).toContain("script-src 'self';");
      expect(headers.get("content-security-policy")).not.toContain("unsafe");
    }
  });

  it("keeps its first screen small", async () => {
    const folder = join(ROOT, "public", "portal", "assets");
    const files = await readdir(folder);
    // All that is built but the reader of MIME, which the message screen alone loads.
    const first = files.filter((file) => !file.startsWith("postal-mime"));
    const sizes = await Promise.all(
      first.map(async (file) => gzipSync(await readFile(join(folder, file))).length),
    );
    expect(sizes.length).toBeGreaterThan(3);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_FIRST_SCREEN_BYTES);
  });

  it("says so when a password is wrong", async () => {
    const page = await (await world.browser.newContext()).newPage();
    await signIn(page, { ...world.portal, password: "wrong" });
    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain("Request");
    expect(await page.context().cookies()).toEqual([]);
    await page.context().close();
  });

  it("keeps the session in a cookie that no script sees, over a reload, until it is ended", async () => {
    const page = await signedIn(world);
    const [cookie, ...others] = await page.context().cookies();
    expect(others).toEqual([]);
    expect(cookie).toMatchObject({ name: "edgepost", httpOnly: true, sameSite: "Strict" });
    const seen = "[document.cookie, localStorage.length, sessionStorage.length].join()";
    expect(await page.evaluate(seen)).toBe(",0,0");
    await page.reload();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Password").waitFor();
    expect(await page.context().cookies()).toEqual([]);
    const headers = { cookie: `edgepost=${cookie?.value ?? ""}` };
    expect((await fetch(`${world.url}/v1/me`, { headers })).status).toBe(401);
    await page.context().close();
  });

  it("invites somebody, who chooses a password, sees what their role allows, and is signed out with it", async () => {
    const boss = await signedIn(world);
    await visit(boss, "team");
    await boss.getByLabel("Email").fill("ana@people.test");
    await boss.getByLabel("Name").fill("Ana Lyst");
    await boss.getByLabel("Role").selectOption("analyst");
    await boss.getByRole("button", { name: "Invite", exact: true }).click();
    await boss.getByText("is on its way to ana@people.test").waitFor();
    const link = await linkTo(world, "ana@people.test");

    const ana = await (await world.browser.newContext()).newPage();
    ana.setDefaultTimeout(WAIT_MS);
    await ana.goto(link);
    await ana.getByLabel("Password").fill("correct horse battery");
    await ana.getByRole("button", { name: "Keep it" }).click();
    await ana.getByText("Sign in as ana@people.test").waitFor();
    await ana.getByLabel("Email").fill("ana@people.test");
    await ana.getByLabel("Password").fill("correct horse battery");
    await ana.getByRole("button", { name: "Sign in" }).click();
    await ana.getByRole("heading", { name: "Overview" }).waitFor();
    // No module is open for her, and no role makes her a manager.
    const nav = ana.getByRole("navigation", { name: "Screens" });
    const hidden = async (): Promise<readonly string[]> => {
      const shown = await nav.getByRole("link").allTextContents();
      return ["Activity", "Send a test", "Team"].filter((name) => !shown.includes(name));
    };
    expect(await hidden()).toEqual(["Activity", "Send a test", "Team"]);

    await boss.getByRole("link", { name: "Ana Lyst" }).click();
    await boss.getByLabel("transactional, transactional mail").check();
    await boss.getByText("The modules are changed.").waitFor();
    await ana.reload();
    await ana.getByRole("link", { name: "Activity" }).waitFor();
    expect(await hidden()).toEqual(["Send a test", "Team"]);

    await boss.getByRole("combobox").selectOption("support");
    await boss.getByText("The role is changed.").waitFor();
    // Whatever she opens next says so, if what she has open did not already.
    await ana.evaluate(() => (location.hash = "#/you"));
    await ana.getByText("Your session has ended. Sign in again.").waitFor();
    await boss.context().close();
    await ana.context().close();
  });

  it("sends a test, shows it arrive by itself, and opens its message", async () => {
    const page = await signedIn(world);
    await page.getByRole("link", { name: "Send a test" }).first().click();
    // The default sender of the local account.
    expect(await page.getByLabel("From").inputValue()).toBe("hello@kasapost.com");
    await page.getByLabel("To", { exact: true }).fill("you@example.com");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByText("Live: new events appear by themselves.").waitFor();
    await page.getByRole("link", { name: "you@example.com" }).click();
    await page.getByRole("heading", { name: "A test from Edgepost" }).waitFor();
    await page.getByText("delivered").first().waitFor();
    const frame = page.frameLocator("iframe");
    await frame.getByText("If you can read this").waitFor();
    messageId = decodeURIComponent(page.url().split("#/message/")[1] ?? "");
    await page.getByRole("link", { name: /^Its events/ }).click();
    await page.getByRole("cell", { name: "you@example.com" }).waitFor();
    expect(await page.getByLabel("Message id", { exact: true }).inputValue()).toBe(messageId);
    await page.context().close();
  });

  it.each([
    ["over a WebSocket", "live@example.com", true],
    ["as server-sent events where no WebSocket opens", "stream@example.com", false],
  ])("tells live, within two seconds, what is sent elsewhere, %s", async (_, email, opens) => {
    const page = await signedIn(world);
    const sockets: string[] = [];
    page.on("websocket", (socket) => sockets.push(socket.url()));
    if (!opens) await page.evaluate(noWebSocket);
    await visit(page, "activity");
    await page.getByText("Live: new events").waitFor();
    const from = "hello@edgepost.test";
    await send({ from, subject: "Live", text: "a", recipients: { to: [{ email }] } });
    await page.getByRole("link", { name: email }).waitFor({ timeout: 4_000 });
    expect(sockets.length).toBe(opens ? 1 : 0);
    await page.context().close();
  });

  it("suppresses an address, shows its mail refused, and lets it get mail again with a reason", async () => {
    const page = await signedIn(world);
    await visit(page, "suppressions");
    await page.getByRole("heading", { name: "Nothing is suppressed" }).waitFor();
    await page.getByLabel("Address, @domain or MD5").fill("no-more@example.com");
    await page.getByLabel("Reason").fill("asked on the phone");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("cell", { name: "no-more@example.com", exact: true }).waitFor();
    await page.getByRole("cell", { name: "asked on the phone" }).waitFor();

    await visit(page, "send-test");
    await page.getByLabel("To", { exact: true }).fill("no-more@example.com");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page
      .getByRole("alert")
      .getByText(/suppressed/)
      .waitFor();

    await visit(page, "suppressions?query=no-more");
    await page.getByRole("button", { name: "Remove no-more@example.com" }).click();
    await page.getByLabel("Why may it get mail again?").fill("asked again");
    await confirm(page, "no-more@example.com", "Remove");
    await page.getByRole("heading", { name: "Nothing fits" }).waitFor();

    const csv = "entry,reason\r\nlist@example.com,left\r\nnot an address,x\r\n";
    const file = { name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(csv) };
    await page.getByLabel("File").setInputFiles(file);
    await page.getByText("list@example.com,left").waitFor();
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByText("2 rows: 1 added, 0 there already, 1 refused.").waitFor();
    await page.getByText(/^Line 3:/).waitFor();
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download what became of each row" }).click();
    const became = await readFile(await (await waiting).path(), "utf8");
    expect(became.split("\r\n")[1]).toBe("2,added,list@example.com,global,");
    expect(became.split("\r\n")[2]).toMatch(/^3,refused,,,./);
    await page.context().close();
  });

  it("finds what happened by filters that stand in the address", async () => {
    const page = await signedIn(world);
    await visit(page, "activity?recipient=live@example.com&mail_class=transactional");
    await page.getByRole("heading", { name: "Latest messages to live@example.com" }).waitFor();
    await page.getByLabel(/^Attempt/).selectOption("success");
    await page.waitForURL(/status=success/);
    await page.getByRole("cell", { name: "live@example.com" }).waitFor();
    await page.getByLabel("Recipient's domain").fill("example.org");
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("heading", { name: "Nothing fits" }).waitFor();
    expect(page.url()).toContain("domain=example.org");
    await page.context().close();
  });

  activityJourneys(() => world, send);
  peopleJourneys(() => world);
  domainsJourneys(() => world);
  webhookJourneys(
    () => world,
    (id) => (webhookId = id),
  );
  sendingJourneys(() => world);
  listsJourneys(() => world);
  choicesJourneys(() => world);
  watchingJourneys(() => world);
  focusJourneys(() => world);
  keysJourneys(() => world);
  rolesJourneys(() => world);

  it("has no fault that axe finds, in light and dark, and nothing wider than a phone", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await signedIn(world, { colorScheme, viewport: SIZES[1] });
      for (const screen of SCREENS) {
        await visit(page, pathOf(screen));
        const faults = await axe(page);
        expect(faults, `${screen}, ${colorScheme}`).toEqual([]);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(width, `${screen} is wider than a phone`).toBeLessThanOrEqual(SIZES[1].width);
      }
      await page.context().close();
    }
  });

  const asked = (process.env["PORTAL_SCREENSHOTS"] ?? "").split(",");
  const drawn = SCREENS.filter((name) => asked.includes(name) || asked.includes("all"));
  it.skipIf(drawn.length === 0)("is drawn for its documentation", async () => {
    await mkdir(PICTURES, { recursive: true });
    for (const colorScheme of ["light", "dark"] as const) {
      for (const viewport of SIZES) {
        const page = await signedIn(world, { colorScheme, viewport });
        for (const screen of drawn) {
          await visit(page, pathOf(screen));
          await page.waitForLoadState("networkidle", { timeout: 1_000 }).catch(() => undefined);
          const path = join(
            PICTURES,
            `${screen.replaceAll("/", "-")}-${viewport.width}-${colorScheme}.png`,
          );
          await page.screenshot({ path });
        }
        await page.context().close();
      }
    }
  });

  it("runs and fetches nothing that strangers wrote", { timeout: 180_000 }, async () => {
    const ids = await Promise.all(PAYLOADS.map(sendPayload));
    expect(ids.length).toBeGreaterThanOrEqual(100);
    const shares = Array.from({ length: PAGES }, (_, page) =>
      ids.filter((_id, index) => index % PAGES === page),
    );
    const audience = await writeAudience(world);
    const ran = await Promise.all([
      ...shares.map((share) => openAll((page) => openMessages(page, share))),
      openAll((page) => openAudience(page, audience)),
    ]);
    expect(ran.flat()).toEqual([]);
    // What the policy refuses, the browser asks nobody for: the host itself is the judge.
    expect(world.canaryCalls()).toBe(0);
    const page = await world.browser.newPage();
    await page.goto(`http://${CANARY}/`).catch(() => undefined);
    expect(world.canaryCalls()).toBeGreaterThan(0);
    await page.close();
  });
});

function pathOf(screen: (typeof SCREENS)[number]): string {
  const one: Readonly<Record<string, string>> = {
    message: `message/${messageId}`,
    webhook: `webhooks/${webhookId}`,
  };
  return one[screen] ?? screen;
}

/** Opens what strangers wrote; what their scripts said, if any ran. */
async function openAll(open: (page: Page) => Promise<void>): Promise<readonly string[]> {
  const page = await signedIn(world);
  const said: string[] = [];
  page.on("dialog", (dialog) => {
    said.push(dialog.message());
    void dialog.dismiss();
  });
  await open(page);
  await page.context().close();
  return said;
}

async function openMessages(page: Page, ids: readonly string[]): Promise<void> {
  await visit(page, "activity");
  for (const id of ids) {
    await page.evaluate((hash) => (location.hash = hash), `#/message/${id}`);
    await page.locator("main code", { hasText: id }).waitFor();
    // The frame has drawn its page.
    await page.frameLocator("iframe").locator("#end").waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Attachments" }).click();
  }
}

/** A payload wherever a stranger may write: subject, names, file name, HTML, and the relay's refusal. */
function sendPayload(payload: string, index: number): Promise<string> {
  return send(
    {
      from: "hello@edgepost.test",
      fromName: payload,
      subject: payload,
      text: payload,
      html: `${payload}<p id="end">end</p>`,
      attachments: [{ filename: fileName(payload), content: "YQ==", contentType: "text/csv" }],
      recipients: { to: [{ email: `${index}@${REFUSED_DOMAIN}`, name: payload }] },
    },
    payload.slice(0, 200),
  );
}

/** A slash or a kind of file that is not allowed would be refused. */
function fileName(payload: string): string {
  return `${payload.replaceAll("/", " ")}.csv`;
}
