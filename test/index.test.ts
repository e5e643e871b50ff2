// The doors of the Worker as the platform opens them: what a door does with an answer of its own.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import worker from "../src/index.ts";

it("the email door refuses what is not ours, and sends nothing", async () => {
  const refusals: string[] = [];
  const sent = () => Promise.reject(new Error("something was sent"));
  const message: ForwardableEmailMessage = {
    from: "ann@example.com",
    to: "nobody@bounce.edgepost.test",
    raw: new Blob(["Subject: x\r\n\r\nx"]).stream(),
    rawSize: 15,
    headers: new Headers(),
    canBeForwarded: true,
    setReject: (reason) => void refusals.push(reason),
    forward: sent,
    reply: sent,
  };
  const context = createExecutionContext();
  await worker.email(message, env, context);
  await waitOnExecutionContext(context);
  expect(refusals).toEqual([
    "5.1.1 No such mailbox; this domain takes bounces and complaints only",
  ]);
});
