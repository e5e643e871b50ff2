// How a mail program unsubscribes its reader: the two header fields of marketing mail.
import { textHeader } from "./header.ts";
import type { MailClass } from "../model/message.ts";

/**
 * List-Unsubscribe with one click (RFC 2369, RFC 8058), unless the sender's own fields, lower case, say
 * how. Without a URL there is nothing to say.
 */
export function unsubscribeHeaders(
  mailClass: MailClass,
  fieldNames: readonly string[],
  url: string | null,
): readonly string[] {
  const own = fieldNames.includes("list-unsubscribe");
  if (mailClass !== "marketing" || url === null || own) return [];
  return [
    textHeader("List-Unsubscribe", `<${url}>`),
    textHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
  ];
}
