// The parts of a message that somebody else made (RFC 2045, RFC 2046), as places in its bytes: one walk
// over the lines, nothing decoded, nothing copied. What readers disagree about is refused, and so are
// depth and breadth that no mail has.
import { utf8 } from "../../lib/bytes.ts";
import { sameBytes } from "../../lib/digest.ts";
import { fail, ok, type Result } from "../../lib/result.ts";
import type { RawMessage } from "../message.ts";
import { type ContentFields, readContentFields } from "./content-fields.ts";
import { delimiterAt, nextDelimiter, type Stop } from "./delimiter.ts";
import { type Header, splitHeader } from "./fields.ts";

/** One part; offsets are those of the message's body, but the fields of the root are the header's. */
export type Part = ContentFields & {
  /** Its number as IMAP counts, such as `1.2` (RFC 3501 §6.4.5); the root is "". */
  readonly section: string;
  readonly headerStart: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** What it stands in. */
  readonly place: Place;
  /** Of a multipart, or the one message in a message/rfc822. */
  readonly children: readonly Part[];
};

/** What a part stands in. */
type Place = {
  /** The type of the part around it; "" for the root. */
  readonly parent: string;
  /** Its position among its siblings, from 0. */
  readonly index: number;
  /** Somewhere around it there is a signature or an encryption that a change would break. */
  readonly sealed: boolean;
  /** It belongs to a message that is attached to this one. */
  readonly attached: boolean;
};

/** What is wrong with a message, and with which part: "" is the message itself. */
export type Fault = { readonly section: string; readonly reason: string };

/** Parts within parts; real mail has fewer than 8. */
export const MAX_DEPTH = 20;
/** Parts of a message; an email with 100 attachments has about 105. */
export const MAX_PARTS = 500;

const SEALED = new Set(["multipart/signed", "multipart/encrypted"]);
const MESSAGES = new Set(["message/rfc822", "message/global"]);

/** The root of a message, whose lines are right. */
export function parseStructure({ header, body }: RawMessage): Result<Part, Fault> {
  const split = splitHeader(header, 0, header.length);
  if (!split.ok) return fail({ section: "", reason: split.error });
  const walk: Walk = { body, open: [], parts: 0 };
  const place = { parent: "", index: 0, sealed: false, attached: false };
  const root = { section: "", depth: 0, place, start: 0 };
  const walked = entity(walk, root, { ...split.value, bodyStart: 0 });
  return walked.ok ? ok(walked.value.part) : walked;
}

/** Every part, a part before its children. */
export function allParts(root: Part): readonly Part[] {
  return [root, ...root.children.flatMap(allParts)];
}

/** Whether a part only holds others. */
export function isContainer({ type }: Pick<Part, "type">): boolean {
  return type.startsWith("multipart/") || MESSAGES.has(type);
}

type Walk = {
  readonly body: Uint8Array;
  /** Boundaries of the multiparts that are open, outermost first. */
  readonly open: Uint8Array[];
  parts: number;
};

type Entity = {
  readonly section: string;
  readonly depth: number;
  readonly place: Place;
  readonly start: number;
};

type Walked = { readonly part: Part; readonly stop: Stop };

/** Walks over one entity, whose header is known, to the delimiter behind it. */
function entity(walk: Walk, at: Entity, header: Header): Result<Walked, Fault> {
  const refuse = (reason: string) => fail({ section: at.section, reason });
  walk.parts += 1;
  if (walk.parts > MAX_PARTS) return fail({ section: "", reason: `has over ${MAX_PARTS} parts` });
  if (at.depth > MAX_DEPTH) return refuse(`is nested over ${MAX_DEPTH} deep`);
  const content = readContentFields(header);
  if (!content.ok) return refuse(content.error);
  const fields = content.value;
  const { bodyStart } = header;
  if (isContainer(fields) && fields.encoding !== "identity") {
    return refuse(`is ${fields.type}, which may not be encoded as ${fields.encoding}`);
  }
  const inside = fields.type.startsWith("multipart/")
    ? multipart(walk, at, { ...fields, bodyStart })
    : MESSAGES.has(fields.type)
      ? attachedMessage(walk, at, { ...fields, bodyStart })
      : ok({ children: [], stop: nextDelimiter(walk.body, walk.open, bodyStart) });
  if (!inside.ok) return inside;
  const { children, stop } = inside.value;
  const { section, place, start: headerStart } = at;
  const bodyEnd = contentEnd(stop, bodyStart);
  const part = { ...fields, section, place, headerStart, bodyStart, bodyEnd, children };
  return ok({ part, stop });
}

/** The CRLF before a delimiter is a part of it. */
function contentEnd({ line, level }: Stop, start: number): number {
  return level < 0 ? line : Math.max(start, line - 2);
}

type Opened = ContentFields & { readonly bodyStart: number };
type Inside = { readonly children: readonly Part[]; readonly stop: Stop };

function multipart(walk: Walk, at: Entity, opened: Opened): Result<Inside, Fault> {
  const refuse = (reason: string) => fail({ section: at.section, reason });
  const [boundary = "", ...others] = opened.parameters.get("boundary") ?? [];
  if (boundary === "") return refuse(`is ${opened.type} but has no boundary`);
  if (others.length > 0) return refuse("has two boundaries");
  const bytes = utf8(boundary);
  if (walk.open.some((open) => sameBytes(open, bytes))) {
    return refuse("has the boundary of a part around it");
  }
  const level = walk.open.push(bytes) - 1;
  const children: Part[] = [];
  let stop = nextDelimiter(walk.body, walk.open, opened.bodyStart);
  while (stop.level === level && !stop.last) {
    const walked = child(walk, at, { type: opened.type, index: children.length, start: stop.next });
    if (!walked.ok) return walked;
    children.push(walked.value.part);
    stop = walked.value.stop;
  }
  walk.open.pop();
  if (children.length === 0) return refuse("is a multipart without parts: its boundary is nowhere");
  // What follows the last part is for nobody.
  if (stop.level === level) stop = nextDelimiter(walk.body, walk.open, stop.next);
  return ok({ children, stop });
}

function attachedMessage(walk: Walk, at: Entity, opened: Opened): Result<Inside, Fault> {
  const walked = child(walk, at, { type: opened.type, index: 0, start: opened.bodyStart });
  return walked.ok ? ok({ children: [walked.value.part], stop: walked.value.stop }) : walked;
}

function child(
  walk: Walk,
  around: Entity,
  { type, index, start }: { readonly type: string; readonly index: number; readonly start: number },
): Result<Walked, Fault> {
  const section = around.section === "" ? `${index + 1}` : `${around.section}.${index + 1}`;
  const { body, open } = walk;
  const isOver = (line: number) => delimiterAt(body, open, line) !== null;
  const header = splitHeader(body, start, body.length, isOver);
  if (!header.ok) return fail({ section, reason: header.error });
  const place = {
    parent: type,
    index,
    sealed: around.place.sealed || SEALED.has(type),
    attached: around.place.attached || MESSAGES.has(type),
  };
  return entity(walk, { section, depth: around.depth + 1, place, start }, header.value);
}
