// The first send: one real email through the whole product, told line by line as it happens.
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { timeOfUuidv7 } from "../src/lib/id.ts";
import { type Api, call, readDelivery } from "./api.ts";
import type { MailboxStore } from "./mailbox-store.ts";
import { click, linksOfMail, open } from "./reader.ts";

/** What the first send needs. */
export type FirstSend = {
  readonly api: Api;
  readonly store: MailboxStore;
  readonly mailboxUrl: string;
  /** Whether the relay is the local one, so that the mailbox has the message. */
  readonly localRelay: boolean;
  readonly say: (line: string) => void;
};

const hookSchema = z.object({ click_tracking_id: z.string(), event: z.string() });

/** The product takes whoever opens a mail sooner for a scanner (src/track/machine.ts). */
const READ_AFTER_MS = 2_500;

const FROM = "hello@edgepost.test";
const TO = "you@example.com";

/** Each step usually takes milliseconds; a slow machine gets this long. */
const STEP_DEADLINE_MS = 15_000;
const LOOK_EVERY_MS = 20;

/** Sends one email and says what becomes of it; a step that does not happen is said plainly. */
export async function sendFirst(send: FirstSend): Promise<void> {
  send.say(`First send: ${FROM} → ${TO}`);
  const start = Date.now();
  // Steps are found by looking; when each happened is told by whoever did it.
  const tell = (step: string, text: string, at = Date.now()): void => {
    const ms = String(Math.max(0, at - start)).padStart(7);
    send.say(`${ms} ms  ${step.padEnd(10)} ${text}`);
  };
  try {
    const { headers } = await call(send.api, "POST", "/v1/send-email", body(send));
    const id = headers.get("x-message-id") ?? "";
    tell("accepted", `message ${id}`, timeOfUuidv7(id));
    const claimed = await until(async () => {
      const delivery = await readDelivery(send.api, id);
      return delivery && delivery.state !== "queued" ? delivery : null;
    }, "the queue did not claim it");
    // Nobody writes down when it was claimed: at the latest when it was tried.
    const firstTry = claimed.attempts[0];
    tell("claimed", "by the queue consumer", firstTry ? Date.parse(firstTry.at) : Date.now());
    const delivered = await until(async () => {
      const delivery = await readDelivery(send.api, id);
      return delivery && delivery.attempts.length > 0 ? delivery : null;
    }, "no relay was tried");
    const attempt = delivered.attempts.at(-1);
    const words = `${attempt?.relay ?? "relay"} said: ${attempt?.reply ?? "nothing"}`;
    tell(delivered.state, words, attempt ? Date.parse(attempt.at) : Date.now());
    if (delivered.state !== "delivered") return;
    const hook = await hookOf(send, id, "delivery_attempt");
    const judged = hook.verified ? "signature verified" : "signature NOT verified";
    tell("webhook", `received, ${judged}`, Date.parse(hook.at));
    const mail = send.store.messages().find((one) => one.rcpt_to.includes(TO));
    if (send.localRelay && mail) {
      const { pixel, link } = await linksOfMail(send.store, mail.id);
      await sleep(READ_AFTER_MS);
      await open(pixel);
      const openedAt = Date.now();
      const target = await click(link);
      const clickedAt = Date.now();
      tell("opened", `by a browser, ${await told(send, id, "open")}`, openedAt);
      tell("clicked", `to ${target}, ${await told(send, id, "click")}`, clickedAt);
    }
    const place = send.localRelay && mail ? `messages/${mail.id}` : `hooks/${hook.id}`;
    send.say(`Look at it: ${send.mailboxUrl}/#/${place}`);
  } catch (error) {
    tell("failed", error instanceof Error ? error.message : String(error));
  }
}

type Hook = ReturnType<MailboxStore["hooks"]>[number];

/** The webhook of one kind of event of the message's only delivery. */
function hookOf(send: FirstSend, id: string, event: string): Promise<Hook> {
  const find = () => send.store.hooks().find((one) => tells(one.body, id, event)) ?? null;
  return until(find, `no webhook of ${event} came`);
}

async function told(send: FirstSend, id: string, event: string): Promise<string> {
  const hook = await hookOf(send, id, event);
  return hook.verified ? "webhook verified" : "webhook NOT verified";
}

/** Looks again and again until there is something; throws what was missing at the deadline. */
async function until<T>(look: () => T | null | Promise<T | null>, missing: string): Promise<T> {
  const deadline = Date.now() + STEP_DEADLINE_MS;
  while (Date.now() < deadline) {
    const found = await look();
    if (found !== null) return found;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`${missing} within ${STEP_DEADLINE_MS / 1000} s`);
}

/** Whether a webhook tells this event of the message's only delivery. */
function tells(body: string, messageId: string, name: string): boolean {
  try {
    const { data } = hookSchema.safeParse(JSON.parse(body));
    return data?.event === name && data.click_tracking_id === `${messageId}:0`;
  } catch {
    // Anybody on this machine may post to the mailbox, also what is no JSON.
    return false;
  }
}

function body({ mailboxUrl }: FirstSend): unknown {
  return {
    email: {
      from: FROM,
      fromName: "Edgepost",
      subject: "It works: your first email",
      text: "Accepted, delivered over SMTP, reported by a signed webhook. All on this machine.",
      html:
        '<div style="font:16px/1.6 sans-serif;max-width:32em;margin:2em auto;padding:0 1em">' +
        "<h1>It works</h1><p>This email was accepted by the API, delivered over SMTP and reported " +
        "by a signed webhook. All on this machine.</p>" +
        `<p><a href="${mailboxUrl}/">This link is tracked</a>, and so is the opening.</p></div>`,
      recipients: { to: [{ email: TO, name: "You" }] },
    },
  };
}
