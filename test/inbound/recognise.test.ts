// What each mail is taken for: status notifications, bounces by their text, automatic replies, and what is
// none of them (A-054, A-055, 3.7).
import { describe, expect, it } from "vitest";
import { readFeedback } from "../../src/inbound/arf.ts";
import { decodeXtext, readDsn, saidOfRecipient } from "../../src/inbound/dsn.ts";
import { readMail, type ReadMail } from "../../src/inbound/read-mail.ts";
import { recognise } from "../../src/inbound/recognise.ts";
import type { Said } from "../../src/model/report.ts";
import {
  ABUSE,
  arf,
  AUTO_REPLIES,
  dsn,
  FAILED_GROUP,
  filled,
  incoming,
  NOTIFICATIONS,
  OTHERS,
  REDACTED,
  TEXTS,
} from "./mails.ts";

const ABOUT = {
  email: "ann+tag=x@example.com",
  messageId: "01a200ab-26c9-72b6-aed3-ef54aa8ec565",
  returnPath: "b+abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnop@bounce.edgepost.test",
};

async function read(mail: string): Promise<ReadMail> {
  const { raw, rawSize } = incoming(filled(mail, ABOUT), "x@y");
  const result = await readMail(raw, rawSize);
  if (!result) throw new Error("the mail could not be read");
  return result;
}

/** Kind, or the code of a bounce. */
function seen(said: Said | null): string | number | null {
  return said?.kind === "bounce" ? said.code : (said?.kind ?? null);
}

describe("a status notification", () => {
  for (const [name, expected, groups] of NOTIFICATIONS) {
    it(`of ${name} is ${expected}`, async () => {
      const statuses = readDsn(await read(dsn(groups))) ?? [];
      expect(seen(saidOfRecipient(statuses, ABOUT.email))).toBe(expected);
    });
  }

  it("says the server's words and who said them", async () => {
    const [status] = readDsn(await read(dsn([FAILED_GROUP]))) ?? [];
    expect(status).toEqual({
      addresses: [ABOUT.email, ABOUT.email],
      said: {
        kind: "bounce",
        code: 10,
        host: "mx.example.org",
        reply: `550 5.1.1 <${ABOUT.email}>: Recipient address rejected: User unknown in virtual mailbox table`,
      },
    });
  });

  it("in other types of RFC 6533, encodings and wrappings is one as well", async () => {
    const global = dsn([FAILED_GROUP])
      .replace("message/delivery-status", "message/global-delivery-status")
      .replace("message/rfc822", "message/global-headers");
    expect(readDsn(await read(global))).toHaveLength(1);
    const part = btoa(filled(`Reporting-MTA: dns; x\n\n${FAILED_GROUP.trim()}\n`, ABOUT));
    const encoded = `From: x@y
Message-ID: <1@x>
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: message/delivery-status
Content-Transfer-Encoding: base64

${part}
--a--
`;
    const [status] = readDsn(await read(encoded)) ?? [];
    expect(status?.said).toMatchObject({ kind: "bounce", code: 10 });
  });

  it("without any status says nothing", async () => {
    expect(readDsn(await read(dsn(["Final-Recipient: rfc822; a@b"])))).toEqual([]);
    expect(saidOfRecipient([], "a@b")).toBeNull();
  });

  it("is not what a returned mail holds", async () => {
    const inner = dsn([FAILED_GROUP]);
    const outer = `From: x@y\nMessage-ID: <1@x>\nContent-Type: message/rfc822\n\n${inner}`;
    expect(readDsn(await read(outer))).toBeNull();
  });
});

describe("xtext (RFC 3461)", () => {
  it.each([
    ["ann+2Btag+3Dx@example.com", "ann+tag=x@example.com"],
    ["plain@example.com", "plain@example.com"],
    ["a+zz@example.com", "a+zz@example.com"],
    ["a+2b@example.com", "a+2b@example.com"],
  ])("%s is %s", (text, decoded) => {
    expect(decodeXtext(text)).toBe(decoded);
  });
});

describe("a bounce without a status part", () => {
  for (const [name, expected, mail] of TEXTS) {
    it(`of ${name} is ${expected}`, async () => {
      const recognised = recognise(await read(mail), "");
      expect(recognised?.kind === "said" && seen(recognised.said)).toBe(expected);
    });
  }

  it("is believed of nobody but the mail system", async () => {
    for (const [, , mail] of TEXTS) {
      const parsed = await read(mail.replace(/^From: .*$/m, "From: Ann <ann@example.com>"));
      const recognised = recognise(parsed, "ann@example.com");
      expect(recognised?.kind === "said" && seen(recognised.said)).not.toEqual(expect.any(Number));
    }
  });
});

describe("an automatic reply", () => {
  for (const [name, mail] of AUTO_REPLIES) {
    it(`of ${name} is one, and no bounce`, async () => {
      for (const from of ["", ABOUT.email]) {
        const recognised = recognise(await read(mail), from);
        expect(recognised?.kind === "said" && seen(recognised.said)).toBe("auto_reply");
      }
    });
  }
});

describe("another mail", () => {
  for (const [name, mail] of OTHERS) {
    it(`of ${name} is nothing that counts`, async () => {
      expect(recognise(await read(mail), "ann@example.com")).toBeNull();
    });
  }
});

describe("feedback", () => {
  it.each([
    ["abuse", true],
    ["fraud", true],
    ["Abuse", true],
    ["virus", true],
    ["not-spam", false],
    ["other", false],
    ["auth-failure", false],
    ["", false],
  ])("of type %j is a complaint: %s", async (type, complaint) => {
    const report = arf(`Feedback-Type: ${type}\nUser-Agent: x/1`, REDACTED.token);
    expect(readFeedback(await read(report))?.complaint).toBe(complaint);
  });

  it("gives whatever may name the delivery, wherever it stands", async () => {
    const fields = `${ABUSE.trim()}\nOriginal-Mail-From: <B+ABCDEFGHIJKLMNOPQRST234567@bounce.x.example>`;
    const returned =
      "X-Path: <{return}>\nList-Unsubscribe: <mailto:u@x>,\n <https://x.example/u/t>\nMessage-ID:\n <m@x>\n\nb+bodybodybodybodybodybody@x\n";
    expect(readFeedback(await read(arf(fields, returned)))).toEqual({
      complaint: true,
      reply: "abuse report by SomeGenerator/1.0",
      returnPaths: ["B+ABCDEFGHIJKLMNOPQRST234567@bounce.x.example", ABOUT.returnPath],
      unsubscribeUrls: ["https://x.example/u/t"],
      messageId: "<m@x>",
    });
  });

  it("looks at ten candidates, of a header however long", async () => {
    const many = Array.from(
      { length: 500 },
      (_, n) => `X-${n}: b+${"a".repeat(20 + (n % 40))}@x${n}`,
    );
    const feedback = readFeedback(await read(arf(ABUSE, `${many.join("\n")}\n\nx`)));
    expect(feedback?.returnPaths).toHaveLength(10);
  });
});
