// Two attacks of the threat table (reliability design, section 5) that show a Worker without its guards.
import * as z from "zod";
import type { World } from "../../test/node/faults/world.ts";
import { within } from "../../test/node/faults/ledger.ts";
import { newKey, sendFor } from "../client.ts";
import type { Row } from "../row.ts";
import { scene, unless } from "../scene.ts";

const PUBLIC_URL = "https://links.edgepost.test";

/** What looks at links and is no reader. */
const SCANNERS = ["GET", "HEAD", "OPTIONS"] as const;

const countRow = z.object({ n: z.number() });

async function suppressions(world: World): Promise<number> {
  const [count] = await world.sql(countRow, "select count(*) as n from suppressions");
  return count?.n ?? 0;
}

function arrived(world: World): Promise<boolean> {
  return within(20_000, () => world.peer.log().messages.length > 0);
}

function mail(world: World): string {
  return Buffer.from(world.peer.log().messages[0]?.content ?? "", "base64").toString("latin1");
}

export const scanners: Row = {
  id: "5.3",
  fault: "scanners follow the unsubscribe link",
  run: (stand) =>
    scene(stand, { variables: { PUBLIC_URL } }, async (world) => {
      const { key: apiKey } = await newKey(world, "marketing", "marketing");
      const sent = await sendFor(world, { key: "scanned", to: ["scanned@example.com"], apiKey });
      await arrived(world);
      const path = /^List-Unsubscribe:[^<]*<https:\/\/links\.edgepost\.test(\/[^>\s]+)>/im.exec(
        mail(world).replace(/\r\n[ \t]+/g, ""),
      )?.[1];
      const breaches = [...unless(path !== undefined, "the mail has no unsubscribe link")];
      for (const method of SCANNERS) {
        await (await fetch(new URL(path ?? "/u/none", world.url), { method })).arrayBuffer();
      }
      const byScanners = await suppressions(world);
      breaches.push(...unless(byScanners === 0, "a link that was only looked at unsubscribed"));
      const body = "List-Unsubscribe=One-Click";
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const url = new URL(path ?? "/u/none", world.url);
      await (await fetch(url, { method: "POST", body, headers })).arrayBuffer();
      breaches.push(...unless((await suppressions(world)) > 0, "one click did not unsubscribe"));
      return { sent: [sent], n: `${SCANNERS.length} scanners, 1 reader`, breaches };
    }),
};

/** Where a sender's words stand in headers, and what would make a header of their own. */
const PAYLOADS = ["\r\n", "\n", "\r", "\u2028", "\u0085", "\u0000"] as const;
const POSITIONS = ["subject", "name", "header"] as const;
const INJECTED = "X-Injected: 1";

export const headers: Row = {
  id: "5.2",
  fault: "senders put line ends into what becomes headers",
  run: (stand) =>
    scene(stand, {}, async (world) => {
      const asks = POSITIONS.flatMap((position) => PAYLOADS.map((end) => ({ position, end })));
      const statuses: number[] = [];
      for (const { position, end } of asks) {
        const text = `a${end}${INJECTED}`;
        const email = {
          from: "sender@edgepost.test",
          subject: position === "subject" ? text : "Hello",
          text: "Hello",
          headers: position === "header" ? { "X-Own": text } : {},
          recipients: {
            to: [{ email: "injected@example.com", ...(position === "name" ? { name: text } : {}) }],
          },
        };
        statuses.push((await world.post(JSON.stringify({ email }))).status);
      }
      const sent = await sendFor(world, { key: "clean", to: ["clean@example.com"] });
      await arrived(world);
      const accepted = statuses.filter((status) => status !== 400).length;
      return {
        sent: [sent],
        n: `${asks.length} cases`,
        breaches: unless(accepted === 0, `${accepted} were not refused`),
      };
    }),
};
