// Which exports somebody may order and see: what they may not read, they do not get as a file (F-024).
import { EXPORT_KINDS, type ExportKind } from "../../model/export.ts";
import type { Key } from "../../model/key.ts";
import { type Deed, refusalOf } from "../../model/permission.ts";
import type { Session } from "../../model/session.ts";
import type { ExportSight } from "../../store/export.ts";

/** The resource whose readers may have an export of a kind. */
const RESOURCES = {
  events: "events",
  messages: "messages",
  statistics: "stats",
  suppressions: "suppressions",
  contacts: "contacts",
} as const satisfies Readonly<Record<ExportKind, string>>;

/** Why whoever asks may not have exports of a kind; null when they may. */
export function kindRefusal(session: Session | null, kind: ExportKind): string | null {
  const deed: Deed = { resource: RESOURCES[kind], access: "read" };
  return session && refusalOf(session.user, deed);
}

/** The exports that whoever asks may see. */
export function sightOf({ mailClass }: Key, session: Session | null): ExportSight {
  const kinds = EXPORT_KINDS.filter((kind) => kindRefusal(session, kind) === null);
  return { kinds, mailClass };
}
