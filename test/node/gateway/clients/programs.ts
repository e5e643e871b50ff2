// The mail programs and how each is run: tables only. Every command runs in a folder that holds ca.pem,
// file.png and the libraries that are not Debian's.
import { fileURLToPath } from "node:url";
import type { Program } from "../../support/packages.ts";

/** A documented sample: what runs it, what it prints when it is content, what it does on the wire. */
export type Sample = {
  readonly program: Program | "node";
  /** Path in examples/. */
  readonly sample: string;
  readonly command: readonly string[];
  readonly says: RegExp;
  /** Whether it uses STARTTLS by itself when that is offered. */
  readonly startTls: boolean;
};

const SENDER = "info@trans.kasplo.in";

const JAVA =
  "java -Dfile.encoding=UTF-8 -cp /usr/share/java/javax.mail.jar:/usr/share/java/javax.activation.jar";

export const SAMPLES: readonly Sample[] = [
  {
    program: "python",
    sample: "python/send.py",
    command: ["python3"],
    says: /^Batch 1\nEmail sent to \S+ in [\d.]+s\nAverage time taken: [\d.]+s\n$/,
    startTls: false,
  },
  {
    program: "php",
    sample: "php/send.php",
    command: words("php -d openssl.cafile=ca.pem"),
    says: /^Email sent to \S+\nAverage time taken: [\d.]+ seconds\n$/,
    startTls: true,
  },
  {
    program: "node",
    sample: "node/send.mjs",
    command: [process.execPath],
    says: /^Batch 1\nEmail sent to: \S+\nAverage time taken: [\d.]+\n$/,
    startTls: true,
  },
  {
    program: "java",
    sample: "java/EmailSender.java",
    command: words(JAVA),
    says: /^Email sent successfully!\n$/,
    startTls: false,
  },
  {
    program: "ruby",
    sample: "ruby/send.rb",
    command: ["ruby"],
    says: /^Email sent to \S+\n$/,
    startTls: false,
  },
];

/** Where a program sends, and as whom. */
export type Target = {
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly to: readonly string[];
};

/** A program that sends over STARTTLS with a CA of our own; those that take a file read it from stdin. */
export type RichSender = {
  readonly program: Program;
  readonly command: (target: Target) => readonly string[];
  /** The line ends that it wants in its input; null: it builds the message itself. */
  readonly input: "\r\n" | "\n" | null;
};

export const RICH_SENDERS: readonly RichSender[] = [
  { program: "python", command: () => ["python3", path("rich.py")], input: null },
  { program: "php", command: () => ["php", path("rich.php")], input: null },
  { program: "ruby", command: () => ["ruby", path("rich.rb")], input: null },
  { program: "java", command: () => [...words(JAVA), path("Rich.java")], input: null },
  {
    program: "curl",
    command: ({ port, username, password, to }) => [
      ...words(`curl -sS --ssl-reqd --cacert ca.pem smtp://localhost:${port}/client`),
      ...words(`--user ${username}:${password} --mail-from ${SENDER} --upload-file -`),
      ...to.flatMap((one) => ["--mail-rcpt", one]),
    ],
    input: "\r\n",
  },
  {
    program: "swaks",
    command: ({ port, username, password, to }) => [
      ...words(`swaks --server localhost --port ${port} --tls --tls-verify --tls-ca-path ca.pem`),
      ...words(`--auth LOGIN --auth-user ${username} --auth-password ${password}`),
      ...words(`--from ${SENDER} --to ${to.join(",")} --data - --silent 2`),
    ],
    input: "\n",
  },
  {
    program: "msmtp",
    command: ({ port, username, to }) => [
      ...words(`msmtp --host=localhost --port=${port} --tls=on --tls-starttls=on --auth=plain`),
      ...words(`--tls-trust-file=ca.pem --user=${username} --from=${SENDER}`),
      "--passwordeval=printenv SMTP_PASSWORD",
      ...to,
    ],
    input: "\n",
  },
];

/** A file of this folder. */
export function path(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

function words(line: string): readonly string[] {
  return line.split(" ");
}
