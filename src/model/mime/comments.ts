// Comments of structured header fields (RFC 5322 §3.2.2): taken out, so that what is left can be read.

/** A field's text without its comments. */
export type Uncommented = {
  readonly text: string;
  /** What stood in the comments. */
  readonly comment: string;
  /** A comma or semicolon stands outside of quotes and comments: a list, a group, or parameters. */
  readonly list: boolean;
};

/** Takes the comments out, which nest; null when a comment or a quoted-string has no end. */
export function withoutComments(value: string): Uncommented | null {
  let text = "";
  let comment = "";
  let depth = 0;
  let quoted = false;
  let list = false;
  for (let index = 0; index < value.length; index++) {
    const character = value.charAt(index);
    if (character === "\\" && (quoted || depth > 0)) {
      index += 1;
      if (depth > 0) comment += value.charAt(index);
      else text += character + value.charAt(index);
    } else if (depth > 0) {
      if (character === "(") depth += 1;
      if (character === ")") depth -= 1;
      if (depth > 0) comment += character;
    } else if (quoted) {
      quoted = character !== '"';
      text += character;
    } else if (character === "(") {
      depth = 1;
      text += " ";
    } else {
      quoted = character === '"';
      list ||= character === "," || character === ";";
      text += character;
    }
  }
  return quoted || depth > 0 ? null : { text, comment: comment.trim(), list };
}
