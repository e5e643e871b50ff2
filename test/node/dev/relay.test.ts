// The local relay as an SMTP client sees it: one outcome per local part, and pipelining.
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type MailboxStore, openMailboxStore } from "../../../dev/mailbox-store.ts";
import { outcomeOf, type Relay, startRelay } from "../../../dev/relay.ts";

let folder: string;
let store: MailboxStore;
let relay: Relay;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgepost-relay-"));
  store = await openMailboxStore(folder);
  relay = await startRelay(store, 0);
});

afterEach(async () => {
  await relay.close();
  await rm(folder, { recursive: true });
});

/** Sends with a real client; answers the reply, or the error's code and reply. */
async function send(to: string, messageId = "<one@edgepost.test>"): Promise<string> {
  const transport = createTransport({ host: "127.0.0.1", port: relay.port, secure: false });
  try {
    const mail = { from: "a@edgepost.test", to, subject: "Grüße", text: "Hello", messageId };
    return (await transport.sendMail(mail)).response;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return "response" in error ? String(error.response) : error.message;
  } finally {
    transport.close();
  }
}

describe("the local relay", () => {
  it("accepts mail and keeps envelope, decoded subject and exact bytes", async () => {
    expect(await send("you@example.com")).toMatch(/^250 2\.0\.0 Ok: queued as /);
    const [mail] = store.messages();
    expect(mail).toMatchObject({
      mail_from: "a@edgepost.test",
      rcpt_to: ["you@example.com"],
      subject: "Grüße",
    });
    const raw = (await store.raw(mail?.id ?? ""))?.toString("latin1") ?? "";
    expect(raw).toContain("\r\n\r\nHello");
    expect(raw.length).toBe(mail?.size);
  });

  it.each([
    ["hard-bounce", /^550 5\.1\.1 /],
    ["mailbox-full", /^452 4\.2\.2 /],
    ["spam-block", /^554 5\.7\.1 /],
    ["HARD-BOUNCE+another", /^550 5\.1\.1 /],
  ])("plays %s", async (localPart, reply) => {
    expect(await send(`${localPart}@example.com`)).toMatch(reply);
    expect(await send(`${localPart}@example.com`)).toMatch(reply);
    expect(store.messages()).toEqual([]);
  });

  it("plays defer-once for each message, also after a restart", async () => {
    expect(await send("defer-once@example.com", "<1@x>")).toMatch(/^451 4\.7\.1 /);
    await relay.close();
    store = await openMailboxStore(folder);
    relay = await startRelay(store, 0);
    expect(await send("defer-once@example.com", "<1@x>")).toMatch(/^250 /);
    expect(await send("defer-once@example.com", "<2@x>")).toMatch(/^451 4\.7\.1 /);
    expect(store.messages()).toHaveLength(1);
  });

  it("plays drop: the connection ends after the final dot, without a reply", async () => {
    expect(await send("drop@example.com")).toMatch(/closed/i);
    expect(store.messages()).toEqual([]);
  });

  it("plays slow: 250 after ten seconds", async () => {
    const start = Date.now();
    expect(await send("slow@example.com")).toMatch(/^250 /);
    expect(Date.now() - start).toBeGreaterThanOrEqual(9_900);
  });

  it("keeps what it has when it is opened again, newest first", async () => {
    await send("first@example.com");
    await send("second@example.com");
    const again = await openMailboxStore(folder);
    expect(again.messages().map((mail) => mail.rcpt_to[0])).toEqual([
      "second@example.com",
      "first@example.com",
    ]);
    await again.clear();
    expect((await openMailboxStore(folder)).messages()).toEqual([]);
  });

  it("takes content and the next envelope in one group (RFC 2920 §3.1)", async () => {
    const socket = connect(relay.port, "127.0.0.1");
    const replies = readReplies(socket);
    expect(await replies(1)).toEqual(["220"]);
    socket.write("EHLO test\r\n");
    expect(await replies(1)).toEqual(["250"]);
    socket.write(envelope("one@example.com"));
    expect(await replies(3)).toEqual(["250", "250", "354"]);
    socket.write(`Subject: 1\r\n\r\n..dot\r\n.\r\n${envelope("hard-bounce@example.com")}`);
    expect(await replies(4)).toEqual(["250", "250", "550", "503"]);
    socket.write(`RSET\r\n${envelope("three@example.com")}`);
    expect(await replies(4)).toEqual(["250", "250", "250", "354"]);
    socket.write("Subject: 3\r\n\r\n.\r\nQUIT\r\n");
    expect(await replies(2)).toEqual(["250", "221"]);
    socket.destroy();
    expect(store.messages().map((mail) => mail.subject)).toEqual(["3", "1"]);
    const first = await store.raw(store.messages()[1]?.id ?? "");
    expect(first?.toString()).toBe("Subject: 1\r\n\r\n.dot\r\n");
  });

  it("reads the outcome from the local part alone", () => {
    expect(outcomeOf("drop@example.com")).toBe("drop");
    expect(outcomeOf("someone@drop")).toBe("accept");
    expect(outcomeOf("dropped@example.com")).toBe("accept");
  });
});

function envelope(to: string): string {
  return `MAIL FROM:<a@edgepost.test>\r\nRCPT TO:<${to}>\r\nDATA\r\n`;
}

/** Collects final reply lines; the function waits for so many codes. */
function readReplies(socket: Socket): (count: number) => Promise<string[]> {
  let text = "";
  let wake: (() => void) | null = null;
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    wake?.();
  });
  return async (count) => {
    const codes: string[] = [];
    while (codes.length < count) {
      const line = /^(\d{3})([ -]).*\r\n/.exec(text);
      if (line) {
        text = text.slice(line[0].length);
        if (line[2] === " " && line[1]) codes.push(line[1]);
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return codes;
  };
}
