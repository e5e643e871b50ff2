// A scripted SMTP server for tests: listens on loopback, applies the script's rules, keeps a log of
// everything it saw. The conversation itself is in smtp-connection.ts.
import { createServer } from "node:net";

import type { Certificates } from "./certificate.ts";
import { listenOnLoopback } from "./listen.ts";
import type {
  PeerAction,
  PeerLine,
  PeerMessage,
  PeerRule,
  PeerStep,
  SmtpPeerLog,
  SmtpScript,
} from "./script.ts";
import { Connection } from "./smtp-connection.ts";
import type { PeerHost, Received } from "./smtp-connection.ts";

/** A started peer. */
export type Peer = {
  readonly port: number;
  readonly log: () => SmtpPeerLog;
  readonly setRules: (rules: readonly PeerRule[]) => void;
  readonly stop: () => Promise<void>;
};

/** Listens on a free loopback port (or the script's) and speaks as scripted. */
export async function startPeer(script: SmtpScript, certificates: Certificates): Promise<Peer> {
  const connections: Connection[] = [];
  const seen = { lines: [] as PeerLine[], messages: [] as PeerMessage[], bareLf: 0, bareCr: 0 };
  const rules = ruleBook(script.rules ?? []);
  let maxConnections = 0;
  const host: PeerHost = {
    script,
    pem: certificates.leaves[script.certificate ?? "trusted"],
    actionFor: rules.actionFor,
    sawLine: (connection, tls, text) =>
      void seen.lines.push({ connection, at: Date.now(), tls, text }),
    sawMessage: (message) => void seen.messages.push(logged(message, script.keepContent ?? true)),
    sawBare: (bare) => {
      seen.bareLf += bare.bareLf;
      seen.bareCr += bare.bareCr;
    },
  };
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = new Connection(host, connections.length + 1, socket);
    connections.push(connection);
    const open = connections.filter((one) => one.open).length;
    maxConnections = Math.max(maxConnections, open);
    connection.greet().catch(() => connection.destroy());
  });
  const port = await listenOnLoopback(server, script.port ?? 0);
  const stop = async (): Promise<void> => {
    for (const connection of connections) connection.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  if (script.listen === false) await stop();
  return {
    port,
    setRules: rules.replace,
    stop,
    log: () => {
      const views = connections.map((one) => one.seen());
      return {
        ...seen,
        maxConnections,
        connections: views,
        unfinished: connections.flatMap((one) => one.unfinished() ?? []),
        roundTrips: views.reduce((sum, one) => sum + one.roundTrips, 0),
      };
    },
  };
}

function ruleBook(initial: readonly PeerRule[]): {
  actionFor: PeerHost["actionFor"];
  replace: (rules: readonly PeerRule[]) => void;
} {
  let rules = initial;
  const happened = new Map<PeerStep, number>();
  const applied = new Map<PeerRule, number>();
  const fits = (rule: PeerRule, nth: number, connection: number, text: string): boolean =>
    (rule.match === undefined || text.includes(rule.match)) &&
    (rule.nth === undefined || rule.nth === nth) &&
    (rule.connection === undefined || rule.connection === connection) &&
    (rule.times === undefined || (applied.get(rule) ?? 0) < rule.times);
  return {
    replace: (next) => (rules = next),
    actionFor: (step, connection, text): PeerAction | null => {
      const nth = (happened.get(step) ?? 0) + 1;
      happened.set(step, nth);
      const rule = rules.find((one) => one.at === step && fits(one, nth, connection, text));
      if (rule === undefined) return null;
      applied.set(rule, (applied.get(rule) ?? 0) + 1);
      return rule.do;
    },
  };
}

function logged(message: Received, keepContent: boolean): PeerMessage {
  const { envelope, content } = message;
  return {
    connection: message.connection,
    at: Date.now(),
    tls: message.tls,
    from: envelope.from,
    parameters: envelope.parameters,
    to: envelope.to,
    accepted: message.accepted,
    size: content.body.length,
    sha256: content.sha256,
    content: keepContent ? content.body.toString("base64") : "",
  };
}
