// The door of the intakes, from outside: each vendor's own proof, forgeries of each, limits, faults, and
// mail that went out marked and whose events come back.
import { inject } from "vitest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../../src/app.ts";
import { answerIntake } from "../../../src/inbound/intake/http.ts";
import { markOf, type Vendor } from "../../../src/model/intake.ts";
import { consume } from "../../../src/queue/consume.ts";
import { bytesOf, type HttpReceiver, startHttpReceiver } from "../../peers/client.ts";
import { countOf, events } from "../../support/ledger.ts";
import { MINUTE, queueWorld, type QueueWorld } from "../../support/queue-world.ts";
import { ask } from "../../support/world.ts";
import {
  type About,
  greenArrowEvent,
  mailgunEvent,
  mailgunFailure,
  postmarkRecord,
  SAID_SECONDS,
  sendGridEvent,
  sesBounce,
  sesComplaint,
  sesPayload,
  sparkPostEvent,
} from "./payloads.ts";
import {
  CERTIFICATE_URL,
  confirmation,
  notification,
  type Posted,
  type SendGridKeys,
  sendGridKeys,
  signedMailgun,
  signedSendGrid,
  signedSns,
  TOPIC,
  withPassword,
} from "./signed.ts";

const SECRET = "0123456789abcdef-secret";
const WORDS = "550 5.1.1 No such user";

let world: QueueWorld;
/** SNS as this Worker reaches it. */
let sns: HttpReceiver;
let app: App;
let keys: SendGridKeys;
let fetched: string[];
beforeEach(async () => {
  world = await queueWorld();
  keys = await sendGridKeys();
  sns = await startHttpReceiver({
    paths: {
      [new URL(CERTIFICATE_URL).pathname]: [{ body: inject("snsSigner").cert }],
      "/SimpleNotificationService-large.pem": [{ bodyBytes: 1_000_000 }],
      "/SimpleNotificationService-elsewhere.pem": [
        { status: 302, headers: { Location: "https://evil.example/x.pem" } },
      ],
      "/SimpleNotificationService-other.pem": [{ body: "no certificate" }],
      "/SimpleNotificationService-down.pem": [{ status: 503 }, { drop: "close" }],
    },
  });
  fetched = [];
  app = {
    ...world.app,
    // The certificate of the tests is made when they run.
    now: () => Date.now(),
    fetch(request) {
      fetched.push(request.url);
      const { pathname, search } = new URL(request.url);
      return fetch(new Request(`${sns.url}${pathname}${search}`, request));
    },
  };
});
afterEach(async () => {
  await sns.stop();
  await world.stop();
});

/** Sets the intake of the default relay. */
async function given(vendor: Vendor): Promise<void> {
  const proofs = { ses: { topic_arn: TOPIC }, sendgrid: { public_key: keys.publicKey } };
  const proof = vendor === "ses" || vendor === "sendgrid" ? proofs[vendor] : { secret: SECRET };
  const body = { vendor, ...proof };
  const path = "/v1/relays/default/intake";
  expect((await ask(world.app, "PUT", path, { key: world.key, body })).status).toBe(200);
}

/** Posts to an intake; the app's clock is the real one, or the world's for what is signed with a time. */
async function post(
  { headers, body }: Posted,
  options: { readonly path?: string; readonly by?: App; readonly method?: string } = {},
): Promise<Response> {
  const { path = "/intake/default", by = app, method = "POST" } = options;
  const init: RequestInit = { method, headers };
  if (method === "POST") init.body = body;
  const answer = await answerIntake(by, new Request(`https://edgepost.test${path}`, init));
  if (!answer) throw new Error(`${path} is not the path of an intake`);
  return answer;
}

type Counts = Readonly<Record<string, number>>;

async function counted(posted: Posted, by: App = app): Promise<Counts> {
  const answer = await post(posted, { by });
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, expect.any(String)]);
  const { data }: { data: Counts } = JSON.parse(text);
  return data;
}

async function deliver(to: readonly string[], change: Record<string, unknown> = {}) {
  const id = await world.send(to, change);
  await consume(world.app);
  await world.app.idle();
  world.clock.advance(MINUTE);
  return id;
}

/** Everything that a forgery could change. */
async function effects(): Promise<unknown> {
  const told = (await events()).filter(({ name }) => name !== "delivery_attempt");
  return { told, suppressions: await countOf("suppressions") };
}
const NONE = { told: [], suppressions: 0 };

/** How each vendor posts a bounce of a bad address. */
const BOUNCES: Readonly<Record<Vendor, (about: About) => Promise<Posted>>> = {
  ses: (about) => {
    const dsn = { status: "5.1.1", diagnosticCode: `smtp; ${WORDS}` };
    const part = sesBounce(about.email, ["Permanent", "General"], dsn);
    return signedSns(notification(sesPayload(about, "Bounce", part)));
  },
  sendgrid: (about) =>
    signedSendGrid(keys, [sendGridEvent(about, "bounce", { reason: WORDS, status: "5.1.1" })]),
  mailgun: (about) => {
    const event = mailgunEvent(about, "failed", { ...mailgunFailure(550, "5.1.1 No such user") });
    return signedMailgun(SECRET, event, SAID_SECONDS);
  },
  postmark: async (about) =>
    withPassword(
      SECRET,
      postmarkRecord(about, "Bounce", { Type: "HardBounce", Details: `smtp;${WORDS}` }),
    ),
  sparkpost: async (about) => {
    const own = { bounce_class: "10", error_code: "550", raw_reason: WORDS };
    return withPassword(SECRET, [{ msys: {} }, sparkPostEvent(about, "bounce", own)]);
  },
  greenarrow: async (about) => {
    const own = { bounce_code: 10, bounce_type: "h", bounce_text: WORDS };
    return withPassword(SECRET, greenArrowEvent(about, "bounce_all", own));
  },
};

const ALL = ["ses", "sendgrid", "mailgun", "postmark", "sparkpost", "greenarrow"] as const;

/** The app whose clock fits what a vendor signs. */
const clockOf = (vendor: Vendor): App =>
  vendor === "mailgun" ? { ...app, now: world.app.now } : app;

describe.each(ALL)("an intake of %s", (vendor) => {
  it("marks the mail, takes its bounce once, and says so after the commit", async () => {
    await given(vendor);
    const id = await deliver(["a@example.com", "b@example.com"]);
    const { messages } = await world.peer.log();
    const marks = messages.map(({ content }) => {
      const head = new TextDecoder().decode(bytesOf(content)).split("\r\n\r\n")[0] ?? "";
      return /([0-9a-f-]{36}_\d)["\r]/.exec(head.split(/\n(?! )/)[0] ?? "")?.[1];
    });
    expect(new Set(marks)).toEqual(new Set([markOf(id, 0), markOf(id, 1)]));

    const posted = await BOUNCES[vendor]({ email: "b@example.com", mark: markOf(id, 1) });
    const by = clockOf(vendor);
    expect(await counted(posted, by)).toEqual({
      events: 1,
      recorded: 1,
      known: 0,
      not_found: 0,
      too_early: 0,
      ignored: 0,
      unknown: 0,
    });
    expect(await counted(posted, by)).toMatchObject({ recorded: 0, known: 1 });
    const told = (await events()).filter(({ name }) => name !== "delivery_attempt");
    expect(told).toMatchObject([
      { name: "bounce_all", messageId: id, position: 1, bounceCode: 10 },
      { name: "bounce_bad_address", messageId: id, position: 1, email: "b@example.com" },
    ]);
    const path = "/v1/suppressions/b%40example.com";
    const seen = await ask(world.app, "GET", path, { key: world.key });
    expect(await seen.json()).toMatchObject({ data: { scope: "bounce", reason: WORDS } });
  });

  it("refuses what is not the vendor's: 401, and nothing changes", async () => {
    await given(vendor);
    const id = await deliver(["a@example.com"]);
    const good = await BOUNCES[vendor]({ email: "a@example.com", mark: markOf(id, 0) });
    const bare: Posted = { headers: { "Content-Type": "application/json" }, body: good.body };
    const forged: readonly Posted[] = [
      // No proof, a changed body, a proof of somebody else's.
      vendor === "ses" || vendor === "mailgun"
        ? { ...bare, body: good.body.replace(/"(S|s)ignature":"?[^,}]+/, '"x":"') }
        : bare,
      vendor === "mailgun"
        ? { ...bare, body: good.body.replace(/"token":"e/, '"token":"f') }
        : { headers: forgedHeaders(good), body: good.body.replace("a@example.com", "c@x.example") },
      { headers: good.headers, body: "" },
    ];
    world.d1.reset();
    for (const posted of forged) {
      const answer = await post(posted, { by: clockOf(vendor) });
      expect([answer.status, answer.headers.get("WWW-Authenticate")]).toEqual([
        vendor === "ses" || vendor === "sendgrid" || vendor === "mailgun" || posted.body !== ""
          ? 401
          : 400,
        answer.status === 401 ? 'Basic realm="intake"' : null,
      ]);
      const text = await answer.text();
      expect(text.includes(SECRET) || text.includes("x.example")).toBe(false);
    }
    expect([await effects(), world.d1.rowsWritten()]).toEqual([NONE, 0]);
    expect(world.logged.filter((event) => event.startsWith("intake_"))).toHaveLength(3);
  });
});

/** The headers of a good request with another password. */
function forgedHeaders({ headers }: Posted): Record<string, string> {
  if (!("Authorization" in headers)) return headers;
  return { ...headers, Authorization: `Basic ${btoa("edgepost:guessed-password-1")}` };
}

describe("an intake of SES", () => {
  const about = async (): Promise<About> => {
    await given("ses");
    const id = await deliver(["a@example.com"]);
    return { email: "a@example.com", mark: markOf(id, 0) };
  };

  it("believes no certificate from elsewhere and no foreign topic, and fetches nothing for them", async () => {
    const message = sesPayload(await about(), "Complaint", sesComplaint("a@example.com"));
    const forged = [
      notification(message, {
        SigningCertURL: "https://evil.example/SimpleNotificationService-1.pem",
      }),
      notification(message, {
        SigningCertURL:
          "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem",
      }),
      notification(message, {
        SigningCertURL: "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
      }),
      notification(message, { TopicArn: "arn:aws:sns:eu-west-1:999999999999:edgepost-events" }),
      confirmation({ TopicArn: "arn:aws:sns:eu-west-1:999999999999:edgepost-events" }),
    ];
    for (const one of forged) expect((await post(await signedSns(one))).status).toBe(401);
    expect([fetched, await effects()]).toEqual([[], NONE]);
  });

  it("believes no certificate that is large, elsewhere or none", async () => {
    const message = sesPayload(await about(), "Complaint", sesComplaint("a@example.com"));
    const statuses: number[] = [];
    for (const name of ["large", "elsewhere", "other", "down", "down"]) {
      const url = `https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-${name}.pem`;
      const signed = await signedSns(notification(message, { SigningCertURL: url }));
      statuses.push((await post(signed)).status);
    }
    // What cannot be fetched now may be, later; what is no certificate never signs.
    expect([statuses, await effects()]).toEqual([[503, 503, 401, 503, 503], NONE]);
  });

  it("fetches the certificate once for many messages", async () => {
    const message = sesPayload(await about(), "Send", { send: {} });
    for (const version of ["1", "2", "2"]) {
      const signed = await signedSns(notification(message, { SignatureVersion: version }));
      expect(await counted(signed)).toMatchObject({ events: 1, ignored: 1 });
    }
    expect(fetched.length).toBeLessThanOrEqual(1);
  });

  it("confirms the subscription of its own topic, at SNS only", async () => {
    await given("ses");
    expect(await counted(await signedSns(confirmation()))).toMatchObject({ events: 0 });
    const asked = (await sns.requests()).map(({ method, path }) => `${method} ${path}`);
    expect(asked.at(-1)).toMatch(/^GET \/\?Action=ConfirmSubscription&TopicArn=arn:aws:sns:/);
    const before = fetched.length;
    for (const SubscribeURL of [
      `https://evil.example/?Action=ConfirmSubscription&TopicArn=${TOPIC}`,
      "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:9:x",
      "http://127.0.0.1/?Action=ConfirmSubscription",
    ]) {
      expect((await post(await signedSns(confirmation({ SubscribeURL })))).status).toBe(400);
    }
    expect(fetched.length).toBe(before);
  });

  it("asks to be sent a confirmation again that SNS did not take", async () => {
    await given("ses");
    const failing: App = {
      ...app,
      fetch: async (request) => {
        const answer = await app.fetch(request);
        return request.url.includes("Action=") ? new Response("x", { status: 500 }) : answer;
      },
    };
    const answer = await post(await signedSns(confirmation()), { by: failing });
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "30"]);
  });

  it("notes the end of a subscription, and takes SES's test message", async () => {
    await given("ses");
    const ended = confirmation({ Type: "UnsubscribeConfirmation" });
    expect(await counted(await signedSns(ended))).toMatchObject({ events: 0 });
    expect(world.logged).toContain("intake_unsubscribed");
    const hello = "Successfully validated SNS topic for Amazon SES event publishing.";
    expect(await counted(await signedSns(notification(hello)))).toMatchObject({ unknown: 1 });
  });
});

describe("a batch", () => {
  it("of every kind is counted; what is recorded is one transaction per hundred", async () => {
    await given("sendgrid");
    const id = await deliver(["a@example.com", "b@example.com", "c@example.com"]);
    const of = (position: number): About => ({
      email: "x@example.com",
      mark: markOf(id, position),
    });
    const batch = [
      sendGridEvent(of(0), "processed"),
      sendGridEvent(of(0), "delivered", { response: "250 OK" }),
      sendGridEvent(of(0), "spamreport"),
      sendGridEvent(of(1), "bounce", { reason: WORDS }),
      sendGridEvent(of(1), "bounce", { reason: WORDS }),
      sendGridEvent(of(2), "open"),
      sendGridEvent(of(2), "click"),
      sendGridEvent(of(9), "bounce", { reason: WORDS }),
      sendGridEvent({ email: "y@example.com" }, "bounce", { reason: WORDS }),
      sendGridEvent(of(2), "account_status_change"),
      null,
    ];
    world.d1.reset();
    expect(await counted(await signedSendGrid(keys, batch))).toEqual({
      events: 11,
      recorded: 3,
      known: 1,
      not_found: 2,
      too_early: 0,
      ignored: 3,
      unknown: 2,
    });
    await world.app.idle();
    // Intake, ids of replies, deliveries, commit, two counts. A log row, two deliveries, two suppressions,
    // and what changed nothing: a row of each kind.
    expect([world.d1.calls().length, world.d1.rowsWritten()]).toEqual([6, 7]);
    const shown = await ask(world.app, "GET", "/v1/inbound", { key: world.key });
    const { data } = await shown.json<{ data: unknown[] }>();
    const last_at = expect.any(String);
    expect(data).toContainEqual({ outcome: "intake_not_found", count: 2, last_at });
    expect(data).toContainEqual({ outcome: "intake_unknown", count: 2, last_at });
    expect((await events()).filter(({ name }) => name === "open" || name === "click")).toEqual([]);
  });

  it("that comes before our own attempt is recorded is asked for again", async () => {
    await given("sendgrid");
    const id = await world.send(["a@example.com"]);
    const mark = markOf(id, 0);
    const bounce = sendGridEvent({ email: "a@example.com", mark }, "bounce", { reason: WORDS });
    const posted = await signedSendGrid(keys, [bounce]);
    const answer = await post(posted);
    expect([answer.status, answer.headers.get("Retry-After"), await effects()]).toEqual([
      503,
      "30",
      NONE,
    ]);
    await consume(world.app);
    await world.app.idle();
    expect(await counted(posted)).toMatchObject({ recorded: 1 });
  });

  it("of purged mail is counted, not refused", async () => {
    await given("sendgrid");
    const mark = markOf(world.app.newId(), 0);
    const events = [sendGridEvent({ email: "a@example.com", mark }, "bounce", { reason: WORDS })];
    expect(await counted(await signedSendGrid(keys, events))).toMatchObject({ not_found: 1 });
  });

  it("is recorded once when D1 commits and does not say so, and 503 when it does nothing", async () => {
    await given("sendgrid");
    const id = await deliver(["a@example.com"]);
    const about = { email: "a@example.com", mark: markOf(id, 0) };
    const posted = await signedSendGrid(keys, [sendGridEvent(about, "bounce", { reason: WORDS })]);
    world.d1.plan({ on: ({ kind }) => kind === "batch", mode: "before" });
    const failed = await post(posted);
    expect([failed.status, await effects()]).toEqual([503, NONE]);
    expect(world.logged).toContain("intake_failed");
    world.d1.plan({ on: ({ kind }) => kind === "batch", mode: "after", times: 1 });
    await post(posted);
    world.d1.plan(null);
    await post(posted);
    const told = (await events()).filter(({ name }) => name === "bounce_all");
    expect(told).toHaveLength(1);
  });

  it("has limits", async () => {
    await given("sparkpost");
    const many = withPassword(
      SECRET,
      Array.from({ length: 10_001 }, () => ({})),
    );
    const large = { ...many, body: " ".repeat(4 * 1024 * 1024 + 1) };
    expect([(await post(many)).status, (await post(large)).status]).toEqual([413, 413]);
    const rest = withPassword(
      SECRET,
      Array.from({ length: 10_000 }, () => ({})),
    );
    expect(await counted(rest)).toMatchObject({ events: 10_000, unknown: 10_000 });
  });
});

describe("the door", () => {
  it("is closed for relays without an intake, and again when it is removed", async () => {
    const posted = withPassword(SECRET, []);
    expect((await post(posted)).status).toBe(404);
    await given("sparkpost");
    expect(await counted(posted)).toMatchObject({ events: 0 });
    for (const path of ["/intake/", "/intake/other", "/intake/default/x", "/intake/%00"]) {
      expect([path, (await post(posted, { path })).status]).toEqual([path, 404]);
    }
    expect((await post(posted, { path: "/intake/default/" })).status).toBe(200);
    const path = "/v1/relays/default/intake";
    await ask(world.app, "DELETE", path, { key: world.key });
    expect((await post(posted)).status).toBe(404);
  });

  it("answers POST only, with a request id, and nothing that is kept", async () => {
    await given("sparkpost");
    const answer = await post(withPassword(SECRET, []), { method: "GET" });
    expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST"]);
    expect(answer.headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(await answerIntake(app, new Request("https://edgepost.test/v1/x"))).toBeNull();
  });

  it("leaves mail of a relay without an intake as it was", async () => {
    await deliver(["a@example.com"]);
    const content = (await world.peer.log()).messages[0]?.content ?? "";
    expect(new TextDecoder().decode(bytesOf(content))).toMatch(/^From: /);
  });

  it("marks a retried message in the same bytes", async () => {
    await given("mailgun");
    await world.peer.setRules([{ at: "dot", nth: 1, do: { reply: "451 4.3.0 later" } }]);
    await deliver(["a@example.com"]);
    world.clock.advance(10 * MINUTE);
    await consume(world.app);
    await world.app.idle();
    const { messages } = await world.peer.log();
    expect(messages.map(({ accepted }) => accepted)).toEqual([false, true]);
    expect(new Set(messages.map(({ sha256 }) => sha256)).size).toBe(1);
  });
});
