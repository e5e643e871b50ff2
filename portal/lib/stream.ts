// Reads an answer while it comes: server-sent events (unlike EventSource, a fetch learns why it is refused;
// https://html.spec.whatwg.org/multipage/server-sent-events.html), or lines of JSON.

/** The whole parts of a text, and what is left over. */
type Parts = { readonly data: readonly string[]; readonly rest: string };

/** The `data` of each whole event in a text. Pure. */
export function eventsIn(text: string): Parts {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  const data = blocks.flatMap((block) => {
    const lines = block.split("\n").filter((line) => line.startsWith("data:"));
    return lines.length === 0 ? [] : [lines.map((line) => line.slice(5).trimStart()).join("\n")];
  });
  return { data, rest };
}

/** Each whole line of a text. Pure. */
export function linesIn(text: string): Parts {
  const data = text.split("\n");
  const rest = data.pop() ?? "";
  return { data, rest };
}

/** Hands on each part as soon as it is whole, until the stream ends. */
export async function readParts(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  partsIn: (text: string) => Parts,
  take: (part: string) => void,
): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const found = partsIn(rest + value);
    rest = found.rest;
    for (const part of found.data) take(part);
  }
}
