import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseRetryAfter, postWebhook } from "../../src/lib/post-webhook.ts";
import { startHttpReceiver, type HttpReceiver } from "../peers/client.ts";
import type { HttpReply } from "../peers/script.ts";

const WORLD = { fetch: (request: Request) => fetch(request), now: () => Date.now() };
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

describe("postWebhook", () => {
  let receivers: HttpReceiver[];
  beforeEach(() => {
    receivers = [];
  });
  afterEach(async () => {
    await Promise.all(receivers.map((receiver) => receiver.stop()));
  });

  async function post(reply: HttpReply) {
    const receiver = await startHttpReceiver({ replies: [reply] });
    receivers.push(receiver);
    const request = { url: `${receiver.url}/in`, secrets: [SECRET], id: "e-1", body: "{}" };
    return { outcome: await postWebhook(WORLD, request), receiver };
  }

  it.each([200, 201, 202, 204, 299])("takes %i as success", async (status) => {
    expect((await post({ status })).outcome).toMatchObject({ status, error: null });
  });

  it.each([300, 304, 400, 401, 404, 410, 418, 429, 500, 503, 599])(
    "takes %i as a failure",
    async (status) => {
      const { outcome } = await post({ status });
      expect(outcome).toMatchObject({ status, error: `answered ${status}` });
    },
  );

  it("sends the headers of Standard Webhooks and asks for no compression", async () => {
    const { receiver } = await post({});
    const [request] = await receiver.requests();
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "accept-encoding": "identity",
      "user-agent": "Edgepost-Webhooks/1",
      "webhook-id": "e-1",
      "webhook-timestamp": expect.stringMatching(/^\d{10}$/),
      "webhook-signature": expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
    });
    expect(Object.keys(request?.headers ?? {})).not.toContain("x-kasplo-signature");
  });

  it("keeps a short, single-line excerpt of a failing answer", async () => {
    const { outcome } = await post({ status: 500, body: `a\r\n\u0000b ${"🎉".repeat(500)}` });
    expect(outcome.error).toMatch(/^answered 500: a b 🎉+$/u);
    expect(Array.from(outcome.error ?? "").length).toBeLessThanOrEqual(220);
  });

  it("gives up a receiver that never answers after 5 s", async () => {
    const { outcome } = await post({ drop: "hang" });
    expect(outcome).toMatchObject({ status: null, error: "no answer within 5 s" });
    expect(outcome.ms).toBeGreaterThanOrEqual(4_900);
    expect(outcome.ms).toBeLessThan(8_000);
  });

  it("is done with a slow body after 5 s, keeping the status", async () => {
    const { outcome } = await post({ status: 500, body: "x".repeat(60), trickle: 1_000 });
    expect(outcome.error).toMatch(/^answered 500: x+$/);
    expect(outcome.ms).toBeLessThan(8_000);
  });

  it("reads at most 64 KB, a piece more, of an endless answer", async () => {
    let read = 0;
    const counted = async (request: Request) => {
      const response = await fetch(request);
      const count = new TransformStream<Uint8Array, Uint8Array>({
        transform(piece, controller) {
          read += piece.length;
          controller.enqueue(piece);
        },
      });
      return new Response(response.body?.pipeThrough(count) ?? null, response);
    };
    const receiver = await startHttpReceiver({ replies: [{ bodyBytes: 1e9 }] });
    receivers.push(receiver);
    const request = { url: receiver.url, secrets: [SECRET], id: "e-1", body: "{}" };
    const outcome = await postWebhook({ ...WORLD, fetch: counted }, request);
    expect(outcome.error).toBeNull();
    expect(read).toBeLessThan(1_000_000);
  });
});

describe("parseRetryAfter", () => {
  const NOW = Date.UTC(2025, 1, 7, 6, 7, 14);

  it.each([
    [null, null],
    ["120", 120_000],
    [" 0 ", 0],
    ["Fri, 07 Feb 2025 06:08:14 GMT", 60_000],
    ["Fri, 07 Feb 2025 06:06:14 GMT", -60_000],
    ["soon", null],
    ["", null],
    ["1e3 apples", null],
  ])("reads %j as %j ms", (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected);
  });
});
