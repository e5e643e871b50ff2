// A resolver over HTTPS' JSON form (without the S: loopback) that knows what a test publishes, and nothing else.
import { createServer } from "node:http";
import { listenOnLoopback } from "../../peers/listen.ts";

/** Numbers of record types, RFC 1035 §3.2.2. */
const TYPES: Readonly<Record<string, number>> = { CNAME: 5, MX: 15, TXT: 16 };
const NXDOMAIN = 3;
/** Bytes of one character-string, RFC 1035 §3.3. */
const MAX_STRING = 255;

export type Resolver = {
  readonly url: string;
  /** From now on a name has this record. */
  readonly publish: (type: string, name: string, value: string) => void;
  readonly close: () => Promise<void>;
};

export async function startResolver(): Promise<Resolver> {
  const records = new Map<string, string[]>();
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://resolver");
    const type = searchParams.get("type") ?? "";
    const found = records.get(`${type} ${searchParams.get("name") ?? ""}`) ?? [];
    const data = found.map((value) => (type === "TXT" ? quoted(value) : value));
    const answer = data.map((data) => ({ type: TYPES[type], data }));
    response.setHeader("content-type", "application/dns-json");
    response.end(
      JSON.stringify(found.length > 0 ? { Status: 0, Answer: answer } : { Status: NXDOMAIN }),
    );
  });
  const port = await listenOnLoopback(server, 0);
  return {
    url: `http://127.0.0.1:${port}/dns-query`,
    publish(type, name, value) {
      const key = `${type} ${name}`;
      records.set(key, [...(records.get(key) ?? []), value]);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function quoted(text: string): string {
  const strings = text.match(new RegExp(`.{1,${MAX_STRING}}`, "g")) ?? [""];
  return strings.map((part) => JSON.stringify(part)).join(" ");
}
