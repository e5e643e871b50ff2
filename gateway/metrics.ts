// Counters, gauges and one histogram, and their text in the Prometheus exposition format 0.0.4. Labels
// are of few values each and never from a stranger.

/** Labels of a sample. */
export type Labels = Readonly<Record<string, string | number>>;

/** What the gateway counts. */
export type Metrics = {
  readonly count: (name: CounterName, labels?: Labels, by?: number) => void;
  /** A value that is read when somebody asks. */
  readonly gauge: (name: GaugeName, read: () => number) => void;
  /** Notes the seconds from the final dot to the Worker's answer. */
  readonly observeWait: (seconds: number) => void;
  readonly text: () => string;
};

const COUNTERS = {
  edgepost_gateway_connections_total:
    "SMTP connections taken, by whether TLS was there from the start",
  edgepost_gateway_connections_refused_total: "connections refused, by reason",
  edgepost_gateway_connection_errors_total: "connections that failed, TLS handshakes included",
  edgepost_gateway_replies_total: "SMTP replies by code",
  edgepost_gateway_auth_total: "AUTH attempts by result",
  edgepost_gateway_messages_total: "messages that reached their final dot, by reply code",
  edgepost_gateway_messages_cut_total: "messages whose client went away before the final dot",
  edgepost_gateway_message_bytes_total: "bytes of message content received",
} as const;

const GAUGES = {
  edgepost_gateway_connections: "SMTP connections open now",
  edgepost_gateway_uploads: "messages being received or stored now",
  edgepost_gateway_tenants: "entries of the tenants file",
  edgepost_gateway_certificate_expires_seconds:
    "epoch seconds at which the certificate ends; 0 without one",
  edgepost_gateway_resident_bytes: "memory of the process",
} as const;

const WAIT = "edgepost_gateway_worker_wait_seconds";
const WAIT_HELP = "seconds from the final dot to the Worker's answer";
const WAIT_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25] as const;

export type CounterName = keyof typeof COUNTERS;
export type GaugeName = keyof typeof GAUGES;

export function createMetrics(): Metrics {
  const counters = new Map<string, Map<string, number>>();
  const gauges = new Map<string, () => number>();
  const waits = { buckets: WAIT_BOUNDS.map(() => 0), sum: 0, count: 0 };
  return {
    count(name, labels = {}, by = 1) {
      const samples = counters.get(name) ?? new Map<string, number>();
      counters.set(name, samples);
      const key = labelText(labels);
      samples.set(key, (samples.get(key) ?? 0) + by);
    },
    gauge: (name, read) => void gauges.set(name, read),
    observeWait(seconds) {
      WAIT_BOUNDS.forEach((bound, index) => {
        if (seconds <= bound) waits.buckets[index] = (waits.buckets[index] ?? 0) + 1;
      });
      waits.sum += seconds;
      waits.count += 1;
    },
    text() {
      const lines = Object.entries(COUNTERS).flatMap(([name, help]) => [
        ...head(name, "counter", help),
        ...[...(counters.get(name) ?? [])].map(([labels, value]) => `${name}${labels} ${value}`),
      ]);
      for (const [name, help] of Object.entries(GAUGES)) {
        lines.push(...head(name, "gauge", help), `${name} ${gauges.get(name)?.() ?? 0}`);
      }
      lines.push(...head(WAIT, "histogram", WAIT_HELP));
      WAIT_BOUNDS.forEach((bound, index) => {
        lines.push(`${WAIT}_bucket{le="${bound}"} ${waits.buckets[index] ?? 0}`);
      });
      lines.push(`${WAIT}_bucket{le="+Inf"} ${waits.count}`);
      lines.push(`${WAIT}_sum ${waits.sum}`, `${WAIT}_count ${waits.count}`);
      return `${lines.join("\n")}\n`;
    },
  };
}

function head(name: string, kind: string, help: string): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
