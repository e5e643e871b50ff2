// Whether a machine answered for its owner: out of office and the like (RFC 3834, and the fields that
// vacation programs had before it). Pure.
import { printable } from "../model/relay-words.ts";
import type { Said } from "../model/report.ts";
import type { ReadMail } from "./read-mail.ts";

/** Fields that only an automatic reply has. */
const MARKS: readonly (readonly [name: string, value: RegExp])[] = [
  ["auto-submitted", /^auto-(?:replied|generated|notified)/],
  ["x-autoreply", /./],
  ["x-autorespond", /./],
  ["x-auto-reply", /./],
  ["x-autoreply-from", /./],
  ["x-mail-autoreply", /./],
  ["x-vacation", /./],
  ["x-out-of-office", /./],
  ["x-ms-exchange-generated-message-source", /oof|autoreply/],
  ["precedence", /auto[-_]?reply/],
  ["x-precedence", /auto[-_]?reply/],
];

/** How such replies are called where no field marks them. */
const SUBJECTS =
  /^(?:auto(?:matic|mated)?[- ]?(?:reply|response|answer)|out of (?:the )?office|on vacation|vacation reply|away from (?:the |my )?(?:office|mail)|autoresponder|abwesen(?:d|heit)|automatische (?:antwort|reaktie|svar)|afwezig|r[eé]ponse automatique|absence|absent du bureau|respuesta autom[aá]tica|fuera de (?:la )?oficina|resposta autom[aá]tica|fora do escrit[oó]rio|risposta automatica|fuori sede|automatiskt svar|automatisk svar|autosvar|fr[aå]nvaro|odpowied[zź] automatyczna|автоматический ответ|автоответ|自動応答|自動返信|自动回复|自動回覆|자동 ?응답|otomatik yan[iı]t)/iu;

/** What an automatic reply says; null when the mail is none. */
export function readAutoReply({ headers, subject }: ReadMail): Said | null {
  const marked = MARKS.some(([name, value]) => value.test((headers.get(name) ?? "").toLowerCase()));
  const named = SUBJECTS.test(subject.trim().replace(/^(?:re|aw|sv|tr)\s?:\s*/i, ""));
  return marked || named ? { kind: "auto_reply", reply: printable(subject) } : null;
}
