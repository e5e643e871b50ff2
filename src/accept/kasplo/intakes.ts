// /v1/relays/:id/intake: whose events may come to /intake/<relay>, and what proves them. A secret goes in
// and never comes out.
import * as z from "zod";
import type { App } from "../../app.ts";
import { importP256 } from "../../lib/p256.ts";
import { fail, ok } from "../../lib/result.ts";
import { seal } from "../../lib/seal.ts";
import {
  INTAKE_PATH,
  intakePurpose,
  isSecret,
  type StoredIntake,
  type Vendor,
  VENDORS,
} from "../../model/intake.ts";
import { invalidField, type Problem } from "../../model/problem.ts";
import { DEFAULT_RELAY_ID } from "../../model/relay.ts";
import { deleteIntake, findIntake, putIntake } from "../../store/intake.ts";
import { endpoint } from "../endpoint.ts";
import { dataOf, iso, isoTime, one } from "./native.ts";

/** Guessing 16 characters is hopeless; a Basic header of 200 fits everywhere. */
const MIN_SECRET = 16;
const MAX_SECRET = 200;
/** A P-256 key has 124 characters, some more with PEM lines. */
const MAX_PUBLIC_KEY = 400;

const newIntake = z.object({
  vendor: z.enum(VENDORS, `must be one of ${VENDORS.join(", ")}`),
  secret: z
    .string()
    .min(MIN_SECRET, `must have at least ${MIN_SECRET} characters`)
    .max(MAX_SECRET, `must have at most ${MAX_SECRET} characters`)
    .regex(/^[\x21-\x7e]*$/, "must be printable ASCII without spaces")
    .optional(),
  public_key: z.string().max(MAX_PUBLIC_KEY).optional(),
  topic_arn: z
    .string()
    .regex(
      /^arn:aws(?:-us-gov)?:sns:[a-z0-9-]{1,32}:\d{12}:[A-Za-z0-9_-]{1,256}$/,
      "must be the ARN of a standard SNS topic, such as arn:aws:sns:us-east-1:123456789012:bounces",
    )
    .optional(),
});
type NewIntake = z.output<typeof newIntake>;

const params = z.object({ id: z.string() });
const NO_RELAY: Problem = { kind: "not_found", what: "this relay" };
const NO_INTAKE: Problem = { kind: "not_found", what: "an intake of this relay" };

const intakeView = z.object({
  relay_id: z.string(),
  vendor: z.enum(VENDORS),
  url: z.string(),
  public_key: z.string().optional(),
  topic_arn: z.string().optional(),
  created_at: isoTime,
  updated_at: isoTime,
});

const put = endpoint({
  method: "PUT",
  path: "/relays/:id/intake",
  summary: "Take a relay's events of bounces and complaints",
  scope: "manage",
  request: { params, body: newIntake },
  response: { 200: dataOf(intakeView) },
  async handle(app, { params: { id }, body }) {
    if (id === DEFAULT_RELAY_ID && !app.config.defaultRelay) return fail(NO_RELAY);
    const field = FIELDS[body.vendor];
    const given = body[field];
    if (given === undefined) {
      return fail(invalidField(field, `is required for ${body.vendor}`));
    }
    const needless = needlessField(body, field);
    if (needless) return fail(invalidField(needless, `is not for ${body.vendor}; leave it out`));
    if (field === "public_key" && !(await importP256(given))) {
      const reason = "must be the verification key that SendGrid shows: P-256, base64";
      return fail(invalidField(field, reason));
    }
    const proof =
      field === "secret" ? await seal(app.config.encryptionKey, intakePurpose(id), given) : given;
    const intake = { relayId: id, vendor: body.vendor, proof, updatedAt: app.now() };
    const stored = await putIntake(app.db, intake);
    return stored ? ok(one(shown(app, stored))) : fail(NO_RELAY);
  },
});

const read = endpoint({
  method: "GET",
  path: "/relays/:id/intake",
  summary: "The intake of a relay, with the URL that the vendor posts to",
  scope: "read",
  request: { params },
  response: { 200: dataOf(intakeView) },
  async handle(app, { params: { id } }) {
    const intake = await findIntake(app.db, id);
    return intake ? ok(one(shown(app, intake))) : fail(NO_INTAKE);
  },
});

const remove = endpoint({
  method: "DELETE",
  path: "/relays/:id/intake",
  summary: "Take no more events of a relay",
  scope: "manage",
  request: { params },
  response: { 200: dataOf(z.object({ relay_id: z.string(), deleted: z.literal(true) })) },
  async handle(app, { params: { id } }) {
    if (!(await deleteIntake(app.db, id))) return fail(NO_INTAKE);
    return ok(one({ relay_id: id, deleted: true }));
  },
});

/** The operations of /v1/relays/:id/intake. */
export const intakeEndpoints = [put, read, remove];

type ProofField = "secret" | "public_key" | "topic_arn";

/** What each vendor's proof is called in a request. */
const FIELDS: Readonly<Record<Vendor, ProofField>> = {
  ses: "topic_arn",
  sendgrid: "public_key",
  mailgun: "secret",
  postmark: "secret",
  sparkpost: "secret",
  greenarrow: "secret",
};

/** A proof that was given and would never be looked at. */
function needlessField(body: NewIntake, field: ProofField): ProofField | undefined {
  return (["secret", "public_key", "topic_arn"] as const).find(
    (name) => name !== field && body[name] !== undefined,
  );
}

function shown(app: App, { relayId, vendor, proof, createdAt, updatedAt }: StoredIntake) {
  return {
    relay_id: relayId,
    vendor,
    // Without PUBLIC_URL only the path is known.
    url: `${app.config.publicUrl ?? ""}${INTAKE_PATH}${relayId}`,
    ...(isSecret(vendor) ? {} : { [FIELDS[vendor]]: proof }),
    created_at: iso(createdAt),
    updated_at: iso(updatedAt),
  };
}
