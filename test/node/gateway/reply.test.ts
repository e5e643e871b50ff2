// Which reply stands for which answer is seen through the real dialogue in ingest.test.ts; here: what no
// scripted Worker of those tests says.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refusesGateway, replyToRefusal } from "../../../gateway/reply.ts";

const BASE = { message: "words", field: null, data: undefined, retryAfter: null };

describe("a reply", () => {
  it("is 5xx only for what the Worker refuses by a name that we know", () => {
    const codes = fc.oneof(fc.string(), fc.constantFrom("unauthorized", "not_found", "conflict"));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), codes, (status, code) => {
        if (/^(invalid_request|invalid_credentials|.*_not_.*|.*_refused)$/.test(code)) return;
        const reply = replyToRefusal({ ...BASE, status, code });
        if (![402, 413, 429].includes(status)) expect(reply.code).toBe(451);
      }),
    );
  });

  it("is always one line of printable ASCII with an enhanced code", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 800 }), (bytes) => {
        const message = Buffer.from(bytes).toString("latin1");
        const reply = replyToRefusal({ ...BASE, status: 429, code: "rate_limited", message });
        expect(reply.text).toMatch(/^4\.7\.1 [\x20-\x7e]{1,400}$/);
      }),
    );
  });

  it("tells a gateway that is not known from a user who is not", () => {
    expect(refusesGateway({ ...BASE, status: 401, code: "unauthorized" })).toBe(true);
    expect(refusesGateway({ ...BASE, status: 401, code: "" })).toBe(true);
    expect(refusesGateway({ ...BASE, status: 404, code: "not_found" })).toBe(true);
    expect(refusesGateway({ ...BASE, status: 401, code: "invalid_credentials" })).toBe(false);
  });
});
