// Reading one body: its limits whatever its length is said to be, its hash, and the turn of large ones.
// What the front door makes of it is in bad-input.test.ts. The deadline of 60 s is not waited for.
import { afterEach, describe, expect, it } from "vitest";
import { MAX_BODY_BYTES, readBytes, readJsonBody } from "../../src/accept/body.ts";
import { concat, utf8 } from "../../src/lib/bytes.ts";
import { sha256Hex } from "../../src/lib/digest.ts";
import { LARGE_BYTES, type Leave, tryEnter } from "../../src/lib/large-gate.ts";
import { arriving } from "../support/arriving.ts";

const leaves: Leave[] = [];
afterEach(() => {
  for (const leave of leaves.splice(0)) leave();
  // Whoever was let in has left: the gate is open after each test.
  const leave = tryEnter();
  expect(leave).not.toBeNull();
  leave?.();
});

type Given = {
  readonly body?: BodyInit | null;
  readonly length?: string;
  readonly contentType?: string;
  readonly hash?: boolean;
};

async function read({
  body = null,
  length,
  contentType = "application/json",
  hash = false,
}: Given) {
  const headers = new Headers({ "Content-Type": contentType });
  if (length !== undefined) headers.set("Content-Length", length);
  const request = new Request("https://x/", { method: "POST", headers, body: arriving(body) });
  const lease = await readJsonBody(request, { hash });
  if (lease.ok) leaves.push(lease.value.leave);
  return lease;
}

/** The parsed body, or the kind of problem. */
async function outcome(given: Given): Promise<unknown> {
  const lease = await read(given);
  return lease.ok ? lease.value.body.json : lease.error.kind;
}

const MB = 1024 * 1024;

/** A JSON text of exactly so many bytes, piece by piece. */
function streamOf(bytes: number): ReadableStream<Uint8Array> {
  const piece = utf8("x".repeat(MB));
  let left = bytes - 2;
  return new ReadableStream({
    start: (controller) => controller.enqueue(utf8('"')),
    pull(controller) {
      if (left === 0) {
        controller.enqueue(utf8('"'));
        controller.close();
        return;
      }
      const next = piece.subarray(0, Math.min(left, piece.length));
      left -= next.length;
      // A copy: what is enqueued belongs to the reader.
      controller.enqueue(next.slice());
    },
  });
}

describe("a body", () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    [" [1,2] \r\n", [1, 2]],
    ["null", null],
    ['"ü💌"', "ü💌"],
    ['\ufeff{"a":1}', { a: 1 }],
  ])("of JSON is parsed: %j", async (body, json) => {
    expect(await outcome({ body })).toEqual(json);
  });

  it.each([
    ["", "malformed_body"],
    [null, "malformed_body"],
    ["{", "malformed_body"],
    ["NaN", "malformed_body"],
    [Uint8Array.of(0x22, 0xc3, 0x22), "malformed_body"],
    [Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), "malformed_body"],
  ])("of anything else is refused: %j", async (body, kind) => {
    expect(await outcome({ body })).toBe(kind);
  });

  it("has the hash of its bytes, where one is asked for", async () => {
    const body = '{"ü": 1}';
    const hashes = [];
    for (const hash of [true, false]) {
      const lease = await read({ body, hash });
      hashes.push(lease.ok && lease.value.body.hash);
    }
    expect(hashes).toEqual([await sha256Hex(body), ""]);
  });

  it("keeps its characters together across pieces", async () => {
    const bytes = utf8(JSON.stringify({ text: "ü💌".repeat(200) }));
    let at = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(bytes.slice(at, at + 7));
        at += 7;
        if (at >= bytes.length) controller.close();
      },
    });
    expect(await outcome({ body })).toEqual({ text: "ü💌".repeat(200) });
  });
});

describe("the length of a body", () => {
  it.each(["0", "1", "7", "1000", "-5", "0.5", "1e3", "x", ""])(
    "may be announced wrongly as %j: what counts is what comes",
    async (length) => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(concat([utf8('{"a":'), utf8("1}")]));
          controller.close();
        },
      });
      expect(await outcome({ body, length })).toEqual({ a: 1 });
    },
  );

  it.each([
    [MAX_BODY_BYTES, undefined],
    [MAX_BODY_BYTES, String(MAX_BODY_BYTES)],
    [MAX_BODY_BYTES, "10"],
  ])("may be %i bytes, announced as %s", async (bytes, length) => {
    const lease = await read({ body: streamOf(bytes), ...(length ? { length } : {}) });
    const json = lease.ok ? lease.value.body.json : null;
    expect(typeof json === "string" && json.length).toBe(bytes - 2);
  });

  it.each([undefined, "10", String(MAX_BODY_BYTES)])(
    "may not be one byte over 40 MB, announced as %s",
    async (length) => {
      const body = streamOf(MAX_BODY_BYTES + 1);
      expect(await outcome({ body, ...(length ? { length } : {}) })).toBe("too_large");
    },
  );

  it.each([String(MAX_BODY_BYTES + 1), "Infinity", "99999999999999999999"])(
    "is refused before a byte is read when it is announced as %s",
    async (length) => {
      let pulled = 0;
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            pulled += 1;
            controller.enqueue(utf8("x"));
          },
        },
        { highWaterMark: 0 },
      );
      expect([await outcome({ body, length }), pulled]).toEqual(["too_large", 0]);
    },
  );
});

describe("a large body", () => {
  const over = LARGE_BYTES + 1;

  it.each([
    ["that is large", { body: streamOf(over) }],
    ["that is said to be large", { body: "1", length: String(over) }],
  ])("%s waits outside while another is inside", async (_name, given) => {
    const inside = tryEnter();
    expect(await outcome(given)).toBe("unavailable");
    inside?.();
  });

  it("is one of more than 5 MB: smaller ones come in beside it", async () => {
    const inside = tryEnter();
    expect(await outcome({ body: streamOf(LARGE_BYTES) })).toBeTypeOf("string");
    inside?.();
  });

  it("keeps its turn until it is answered", async () => {
    const lease = await read({ body: streamOf(over) });
    expect([lease.ok, tryEnter()]).toEqual([true, null]);
  });

  it.each<readonly [string, () => BodyInit]>([
    ["is not JSON", () => utf8("x".repeat(over))],
    ["is not UTF-8", () => new Uint8Array(over).fill(0xff)],
    ["is too large", () => streamOf(MAX_BODY_BYTES + 1)],
    [
      "breaks off",
      () => {
        let sent = 0;
        return new ReadableStream<Uint8Array>({
          pull(controller) {
            if (sent > over) controller.error(new Error("reset"));
            else controller.enqueue(new Uint8Array(MB).fill(0x20));
            sent += MB;
          },
        });
      },
    ],
  ])("leaves at once when it %s", async (_name, body) => {
    const lease = await read({ body: body() });
    expect(lease.ok).toBe(false);
    const next = tryEnter();
    expect(next).not.toBeNull();
    next?.();
  });
});

describe("the content type", () => {
  it("is looked at before the body is", async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    expect([await outcome({ body, contentType: "text/plain" }), pulled]).toEqual([
      "unsupported_media_type",
      0,
    ]);
  });
});

describe("bytes", () => {
  async function bytesOf(body: BodyInit | null, hash = true) {
    const request = new Request("https://x/", { method: "POST", body: arriving(body) });
    const lease = await readBytes(request, { hash });
    if (lease.ok) leaves.push(lease.value.leave);
    return lease.ok ? lease.value.body : lease.error;
  }

  it("are read as they are, whatever they hold, and hashed when that is asked for", async () => {
    const given = Uint8Array.of(0, 255, 13, 10);
    expect(await bytesOf(given)).toEqual({ bytes: given, hash: await sha256Hex(given) });
    expect(await bytesOf(given, false)).toMatchObject({ hash: "" });
    expect(await bytesOf(null)).toMatchObject({ bytes: new Uint8Array() });
  });

  it("come in pieces into one buffer up to 40 MB, and not one more", async () => {
    const body = await bytesOf(streamOf(MAX_BODY_BYTES), false);
    expect("bytes" in body && body.bytes.length).toBe(MAX_BODY_BYTES);
    for (const leave of leaves.splice(0)) leave();
    expect(await bytesOf(streamOf(MAX_BODY_BYTES + 1), false)).toMatchObject({ kind: "too_large" });
  });

  it("whose end does not come are none", async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(utf8("From: a@b.test")),
      pull: (controller) => controller.error(new Error("reset")),
    });
    expect(await bytesOf(broken)).toMatchObject({ kind: "malformed_body" });
  });
});
