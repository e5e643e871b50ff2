// Claimed deliveries → transactions: what is fetched and composed once, what each recipient has of its
// own, and that a large message leaves its turn.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { concat, fromUtf8 } from "../../src/lib/bytes.ts";
import { timeOfUuidv7, uuidv7 } from "../../src/lib/id.ts";
import { tryEnter } from "../../src/lib/large-gate.ts";
import type { Message, MessageContent, Recipient } from "../../src/model/message.ts";
import { isLarge, type Preparer, preparer, type Work } from "../../src/queue/prepare.ts";
import type { Transaction } from "../../src/deliver/smtp/transaction.ts";
import { packContent, putContent } from "../../src/store/content.ts";
import { testApp } from "../support/world.ts";

const CONTENT: MessageContent = {
  from: { address: "s@edgepost.test", name: "" },
  replyTo: [],
  subject: "s",
  text: "Hello",
  html: null,
  amp: null,
  headers: [],
  variables: null,
  tracking: { opens: true, clicks: true },
  attachments: [],
  attachmentBytes: [],
};

const LARGE = 6 * 1024 * 1024;

let reads = 0;
let failures = 0;
const blobs = new Proxy(env.CONTENT, {
  get: (target, name) =>
    name === "get"
      ? async (key: string) => {
          reads += 1;
          if (failures-- > 0) throw new Error("R2: injected");
          return target.get(key);
        }
      : Reflect.get(target, name),
});
const app = testApp({ blobs, log() {} });
beforeEach(() => {
  reads = 0;
  failures = 0;
});

/** The work of each recipient of a message whose content is in R2. */
async function given(
  addresses: readonly string[],
  change: Partial<MessageContent> = {},
  size = 100,
): Promise<readonly Work[]> {
  const id = uuidv7(Date.now());
  const key = `content/${id}/x`;
  await putContent(env.CONTENT, key, packContent({ ...CONTENT, ...change }));
  const recipients: Recipient[] = addresses.map((address) => ({ address, name: "", role: "to" }));
  const message: Message = {
    id,
    createdAt: 0,
    keyId: "k",
    mailClass: "transactional",
    from: CONTENT.from,
    subject: "s",
    tags: "",
    sendId: "s",
    listId: "l",
    metadata: {},
    recipients,
    onAmbiguous: "retry",
    size,
  };
  return addresses.map((recipient, position) => ({
    message,
    content: { kind: "blob", key },
    bounceDomain: null,
    group: "other",
    poolId: "default",
    delivery: { recipient, messageId: id, position, attempts: 0, expiresAt: 1, leaseId: "l" },
  }));
}

async function txOf(prepare: Preparer, work: Work): Promise<Transaction | null> {
  const prepared = await prepare.transaction(work);
  return prepared.kind === "ready" ? prepared.tx.plain : null;
}

const TWO = ["A@example.com", "ä@example.com"] as const;

describe("a transaction", () => {
  it("has the envelope of its recipient, and bytes that all recipients share", async () => {
    const [first, second] = await given(TWO);
    const prepare = preparer(app);
    const one = first && (await txOf(prepare, first));
    const two = second && (await txOf(prepare, second));
    expect(one).toMatchObject({ from: "s@edgepost.test", to: "A@example.com", eightBit: true });
    expect(two).toMatchObject({ to: "ä@example.com", smtputf8: true });
    expect(two?.content).toBe(one?.content);
    expect(reads).toBe(1);
  });

  it("has the return path of its delivery, where the sender's domain has a bounce domain", async () => {
    const works = await given(TWO);
    const prepare = preparer(app);
    const paths = [];
    for (const work of works) {
      const bounceDomain = "bounce.edgepost.test";
      const prepared = await prepare.transaction({ ...work, bounceDomain });
      if (prepared.kind !== "ready") throw new Error("it is not ready");
      const { plain, verp } = prepared.tx;
      expect(verp).toEqual({ ...plain, from: verp.from });
      expect(plain.from).toBe("s@edgepost.test");
      paths.push(await app.returnPaths.read(verp.from, timeOfUuidv7(work.message.id)));
    }
    const place = { kind: "place", messageId: works[0]?.message.id };
    expect(paths).toEqual([
      { ...place, position: 0 },
      { ...place, position: 1 },
    ]);
  });

  it("is the same with both return paths where there is no bounce domain", async () => {
    const [work] = await given(["a@example.com"]);
    const prepared = work && (await preparer(app).transaction(work));
    expect(prepared?.kind === "ready" && prepared.tx.verp === prepared.tx.plain).toBe(true);
  });

  it("has bytes of its own where a text differs from recipient to recipient", async () => {
    const variables = [{ name: "Anna" }, { name: "Ägid" }];
    const works = await given(TWO, { text: "Hello {{name}}", variables });
    const prepare = preparer(app);
    const texts = [];
    for (const work of works) {
      const tx = await txOf(prepare, work);
      texts.push(fromUtf8(concat(tx?.content ?? [])));
    }
    expect(texts[0]).toContain("Hello Anna");
    expect(texts[1]).toContain("Hello =C3=84gid");
    expect(reads).toBe(1);
  });

  it("is gone when the content is not kept any more", async () => {
    const [work] = await given(["a@example.com"]);
    if (work?.content.kind === "blob") await env.CONTENT.delete(work.content.key);
    expect(work && (await preparer(app).transaction(work))).toEqual({ kind: "gone" });
    const gone = work && { ...work, content: { kind: "gone" } as const };
    expect(gone && (await preparer(app).transaction(gone))).toEqual({ kind: "gone" });
  });

  it("is read again after forget()", async () => {
    const [work] = await given(["a@example.com"]);
    const prepare = preparer(app);
    if (work) await prepare.transaction(work);
    prepare.forget();
    if (work) await prepare.transaction(work);
    expect(reads).toBe(2);
  });

  it("that fails for storage's sake does not fail for the next recipient", async () => {
    const [first, second] = await given(TWO);
    const prepare = preparer(app);
    failures = 1;
    const unreadable = { kind: "unreadable", reason: "R2: injected" };
    expect(first && (await prepare.transaction(first))).toEqual(unreadable);
    expect(second && (await txOf(prepare, second))).toMatchObject({ to: "ä@example.com" });
  });
});

describe("a large message", () => {
  it("is one over 5 MB", async () => {
    const sizes = [5 * 1024 * 1024, 5 * 1024 * 1024 + 1];
    const works = await Promise.all(sizes.map((size) => given(["a@example.com"], {}, size)));
    expect(works.flat().map(isLarge)).toEqual([false, true]);
  });

  it("is alone in the isolate until it is done, a small one is not", async () => {
    const [large] = await given(["a@example.com"], {}, LARGE);
    const [small] = await given(["b@example.com"]);
    if (!large || !small) throw new Error("two were given");
    const prepare = preparer(app);
    await prepare.transaction(large);
    expect(tryEnter()).toBeNull();
    expect(await txOf(prepare, small)).not.toBeNull();
    prepare.done(small, null);
    expect(tryEnter()).toBeNull();
    prepare.done(large, null);
    prepare.done(large, null);
    const leave = tryEnter();
    expect(leave).not.toBeNull();
    leave?.();
  });

  it("does not wait for its own turn when it is asked for again", async () => {
    const [large] = await given(["a@example.com"], {}, LARGE);
    if (!large) throw new Error("one was given");
    const prepare = preparer(app);
    await prepare.transaction(large);
    expect(await prepare.transaction(large)).not.toBeNull();
    prepare.done(large, null);
    const leave = tryEnter();
    expect(leave).not.toBeNull();
    leave?.();
  });

  it("is kept while its next recipient follows, and let go after the last", async () => {
    const [first, second] = await given(TWO, {}, LARGE);
    if (!first || !second) throw new Error("two were given");
    const prepare = preparer(app);
    await prepare.transaction(first);
    prepare.done(first, first.message.id);
    await prepare.transaction(second);
    expect(reads).toBe(1);
    prepare.done(second, "another");
    await prepare.transaction(first);
    prepare.done(first, null);
    expect(reads).toBe(2);
  });

  it("gives its turn back when its content cannot be read", async () => {
    const [large] = await given(["a@example.com"], {}, LARGE);
    if (!large) throw new Error("one was given");
    const prepare = preparer(app);
    failures = 1;
    expect(await prepare.transaction(large)).toMatchObject({ kind: "unreadable" });
    prepare.done(large, null);
    const leave = tryEnter();
    expect(leave).not.toBeNull();
    leave?.();
  });
});
