// The normal answers of a scripted SMTP peer that need more than a constant.
import type { SmtpScript } from "./script.ts";

const SIZE_DEFAULT = 50 * 1024 * 1024;

/** The reply to EHLO; STARTTLS is not offered twice (RFC 3207 §4.2). */
export function capabilities(script: SmtpScript, tls: boolean): string {
  const size = script.size === undefined ? SIZE_DEFAULT : script.size;
  const names = [
    "peer.test",
    ...(script.pipelining === false ? [] : ["PIPELINING"]),
    ...(size === null ? [] : [`SIZE ${size}`]),
    ...(script.eightBitMime === false ? [] : ["8BITMIME"]),
    ...(script.smtputf8 === true ? ["SMTPUTF8"] : []),
    ...(script.enhancedStatusCodes === false ? [] : ["ENHANCEDSTATUSCODES"]),
    ...(script.auth === undefined ? [] : [`AUTH ${script.auth.join(" ")}`]),
    ...(script.starttls === true && !tls ? ["STARTTLS"] : []),
  ];
  return names.map((name, i) => `250${i === names.length - 1 ? " " : "-"}${name}`).join("\r\n");
}

/** The reply to a complete AUTH exchange; `lines` are the client's base64 texts. */
export function authVerdict(
  script: SmtpScript,
  mechanism: string,
  lines: readonly string[],
): string {
  const wanted = script.credentials;
  const decoded = lines.map((line) => Buffer.from(line, "base64").toString("utf8")).join("\0");
  const [username, password] = decoded.split("\0").slice(mechanism === "PLAIN" ? 1 : 0);
  const good =
    wanted === undefined || (username === wanted.username && password === wanted.password);
  return good ? "235 2.7.0 Authentication successful" : "535 5.7.8 Authentication failed";
}

/** The reply to DATA in each state of a transaction. */
export function dataAnswer(envelope: { readonly to: readonly string[] } | null): string {
  if (envelope === null) return "503 5.5.1 Error: need RCPT command";
  if (envelope.to.length === 0) return "554 5.5.1 Error: no valid recipients";
  return "354 End data with <CR><LF>.<CR><LF>";
}
