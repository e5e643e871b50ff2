// Reads server-sent events from a fetch: unlike EventSource it learns why it is refused. https://html.spec.whatwg.org/multipage/server-sent-events.html

/** The `data` of each whole event in a text, and what is left over. Pure. */
export function eventsIn(text: string): {
  readonly data: readonly string[];
  readonly rest: string;
} {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  const data = blocks.flatMap((block) => {
    const lines = block.split("\n").filter((line) => line.startsWith("data:"));
    return lines.length === 0 ? [] : [lines.map((line) => line.slice(5).trimStart()).join("\n")];
  });
  return { data, rest };
}

/** Hands on the data of each event until the stream ends. */
export async function readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (data: string) => void,
): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const found = eventsIn(rest + value);
    rest = found.rest;
    for (const data of found.data) take(data);
  }
}
