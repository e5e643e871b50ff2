// Mail to people who sign in: the link by which they choose a password, sent like any message, from the account's
// default sender. The link is kept sealed (model/sealed.ts): it stands in no log, event or answer of the API.
import type { App } from "../../app.ts";
import { sealedVariables } from "../../model/sealed.ts";
import { standInKey } from "../../model/key.ts";
import type { SendCommand } from "../../model/message.ts";
import { reaches } from "../../model/permission.ts";
import type { User } from "../../model/user.ts";
import { findDefaultSender } from "../../store/sender-domain.ts";
import { ROLE_OF_KEYS } from "../reach.ts";
import { send } from "../send.ts";
import { messageOf } from "./problem.ts";

/** What a link is for. */
export type LinkKind = "invitation" | "reset";

/** A link to be sent. */
export type LinkMail = {
  readonly user: Pick<User, "email" | "name" | "role">;
  readonly kind: LinkKind;
  readonly url: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
};

/** What became of the mail. */
export type Mailed =
  | { readonly sent: true; readonly messageId: string }
  | { readonly sent: false; readonly reason: string };

/**
 * Where links of mail lead: never where the request says it came to, for a stranger can ask by any name. Null
 * without PUBLIC_URL, but on a machine of one's own.
 */
export function mailOrigin(app: App, origin: string): string | null {
  return app.config.publicUrl ?? (app.config.localDev ? origin : null);
}

/** Why no link can be sent from a deployment without PUBLIC_URL. */
export const NO_ORIGIN: Mailed = {
  sent: false,
  reason: "PUBLIC_URL is not set, so that no mail can say where this Worker is",
};

/**
 * Why no link is mailed to a Super Admin: an admin, or a key, may set the relay that carries the mail, and who
 * reads the link there would be a Super Admin. Everybody else is within their reach anyway.
 */
const ABOVE_RELAYS: Mailed = {
  sent: false,
  reason: "a Super Admin's link is not mailed, for an admin can set the relay that would carry it",
};

/** Sends a link to its user. */
export async function mailLink(app: App, mail: LinkMail): Promise<Mailed> {
  if (!reaches(ROLE_OF_KEYS, mail.user.role)) return ABOVE_RELAYS;
  const sender = await findDefaultSender(app.db, null);
  if (!sender) {
    const reason = "no verified domain has a default sender; set default_sender of one";
    return { sent: false, reason };
  }
  const host = new URL(mail.url).host;
  const end = `${new Date(mail.expiresAt).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const command: SendCommand = {
    content: {
      from: sender,
      replyTo: [],
      subject: SUBJECTS[mail.kind],
      text: textOf(mail.kind),
      html: null,
      amp: null,
      headers: [],
      variables: [{ name: mail.user.name, host, end }],
      sealed: await sealedVariables(app.config.encryptionKey, { link: mail.url }),
      attachments: [],
      attachmentBytes: [],
      tracking: { opens: false, clicks: false },
    },
    recipients: [{ address: mail.user.email, name: mail.user.name, role: "to" }],
    tags: "",
    sendId: null,
    listId: null,
    mailClass: "transactional",
    metadata: {},
    onAmbiguous: "retry",
  };
  const request = { key: EDGEPOST, command, paths: PATHS, idempotencyKey: null, bodyHash: "" };
  const sent = await send(app, request);
  return sent.ok
    ? { sent: true, messageId: sent.value.messageId }
    : { sent: false, reason: messageOf(sent.error) };
}

const SUBJECTS = {
  invitation: "You are invited to Edgepost",
  reset: "Choose another password for Edgepost",
} as const satisfies Readonly<Record<LinkKind, string>>;

const OPENINGS = {
  invitation: "you can sign in to Edgepost at {{host}}. Choose your password here:",
  reset: "somebody, probably you, asked for another password for Edgepost at {{host}}:",
} as const satisfies Readonly<Record<LinkKind, string>>;

const CLOSINGS = {
  invitation: "If you do not know why you get this, leave it.",
  reset: "If it was not you, leave it: your password stays as it is.",
} as const satisfies Readonly<Record<LinkKind, string>>;

function textOf(kind: LinkKind): string {
  const rest = `It works once, until {{end}}. Show it to nobody. ${CLOSINGS[kind]}`;
  return `Hello {{name}},\n\n${OPENINGS[kind]}\n\n{{link}}\n\n${rest}\n`;
}

/** Problems name no request field: nobody wrote this mail. */
const PATHS = { from: "from", amp: "amp", recipients: "email", attachments: "attachments" };

/** What the mail of Edgepost itself counts as: no key that anybody has. */
const EDGEPOST = standInKey({
  id: "edgepost",
  name: "Edgepost",
  scopes: ["send"],
  mailClass: "transactional",
});
