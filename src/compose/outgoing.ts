// A message as it leaves: composed for one recipient, with links on its domain's host, and signed where its
// domain signs.
import type { App } from "../app.ts";
import { domainOf } from "../model/address.ts";
import type { Content, Message } from "../model/message.ts";
import { compose, type Composed } from "./compose.ts";
import { concealed } from "../model/sealed.ts";
import { identityOf } from "./identity.ts";
import { signed } from "./sign.ts";

/**
 * The bytes for the recipient at a position; the same at every attempt while its domain stays as it is. What is
 * sealed in a content stays so: open it for who may read it.
 */
export async function composeOutgoing(
  app: App,
  message: Omit<Message, "size">,
  content: Content,
  position: number,
): Promise<Composed> {
  const { signers, trackingHost } = await identityOf(app, domainOf(message.from.address));
  const links = trackingHost === null ? app.links : (app.links?.on(trackingHost) ?? null);
  const composed = await compose(message, message.recipients, concealed(content), position, links);
  return signed(composed, message, { signers, account: app.config.accountName });
}
