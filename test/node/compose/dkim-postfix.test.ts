// Signed mail on its way through a real Postfix: both judges accept what arrives. 60 messages here;
// DKIM_MESSAGES=1000 for more.
import { createTransport } from "nodemailer";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing } from "../support/packages.ts";
import { type Postfix, startPostfix } from "./postfix.ts";
import {
  anyMessage,
  bytesOf,
  eightBitBytes,
  newSigning,
  pythonVerdicts,
  type Signing,
  signedMessage,
  verdicts,
} from "./signed.ts";

const MESSAGES = Number(process.env["DKIM_MESSAGES"] ?? 60);
/** Every tenth message is 8-bit text. */
const EIGHT_BIT = 10;

const absent =
  process.getuid?.() === 0
    ? ((await missing("postfix")) ?? (await missing("dkim")))
    : "only root may start Postfix";

let signing: Signing;
let postfix: Postfix;
beforeAll(async () => {
  if (absent !== null) return;
  signing = await newSigning();
  postfix = await startPostfix();
});
afterAll(() => postfix?.stop());

describe.skipIf(absent !== null)(
  `DKIM through Postfix${absent === null ? "" : `: ${absent}`}`,
  () => {
    it("is still valid in two independent verifiers", { timeout: 300_000 }, async () => {
      const sources = fc.sample(anyMessage, MESSAGES).map((one, n) => {
        const id = `m${n}`;
        return n % EIGHT_BIT === 0 ? eightBitBytes(id) : bytesOf(one, id);
      });
      const messages = await Promise.all(sources.map((source) => signedMessage(source, signing)));
      const client = createTransport({
        host: "127.0.0.1",
        port: postfix.port,
        pool: true,
        maxConnections: 4,
        ignoreTLS: true,
      });
      const envelope = { from: "sender@signed.test", to: ["ann@example.com"] };
      await Promise.all(messages.map((raw) => client.sendMail({ envelope, raw })));
      client.close();
      await expect.poll(() => postfix.arrived.length, { timeout: 240_000 }).toBe(MESSAGES);
      const judged = await Promise.all(postfix.arrived.map((one) => verdicts(one, signing)));
      expect(judged.filter((one) => one.join() !== "pass,pass")).toEqual([]);
      const python = pythonVerdicts(postfix.arrived, signing);
      expect(python.filter(([rsa]) => !rsa)).toEqual([]);
    });
  },
);
