// The reader of the first send: opens the mail and follows its link, as a browser would.
import type { MailboxStore } from "./mailbox-store.ts";
import { readMail } from "./mail.ts";

/** The links of ours that a mail holds. */
export type MailLinks = { readonly pixel: string; readonly link: string };

/** Firefox, as people have it: the product knows machines by their names. */
const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

/** Much longer than any answer takes on a slow machine. */
const DEADLINE_MS = 20_000;

/** The pixel and the first tracked link of a stored mail; throws when one is missing. */
export async function linksOfMail(store: MailboxStore, mailId: string): Promise<MailLinks> {
  const raw = await store.raw(mailId);
  const html = raw ? ((await readMail(raw)).described.html ?? "") : "";
  const pixel = /<img src="(http[^"]+\/o\/[^"]+\.gif)"/.exec(html)?.[1];
  const link = /<a href="(http[^"]+\/c\/[^"]+)"/.exec(html)?.[1];
  if (!pixel || !link) throw new Error("the mail has no pixel or no tracked link");
  return { pixel, link };
}

/** Loads the pixel. */
export async function open(url: string): Promise<void> {
  const response = await visit(url);
  if (response.headers.get("content-type") !== "image/gif") {
    throw new Error(`the pixel answered ${response.status}`);
  }
}

/** Follows a link; answers where it leads. */
export async function click(url: string): Promise<string> {
  const response = await visit(url);
  const target = response.headers.get("location");
  if (response.status !== 302 || !target) throw new Error(`the link answered ${response.status}`);
  return target;
}

async function visit(url: string): Promise<Response> {
  const response = await fetch(url, {
    redirect: "manual",
    headers: { "user-agent": USER_AGENT },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  await response.body?.cancel();
  return response;
}
