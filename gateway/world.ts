// What the parts of the gateway share: the settings, the way to the Workers, the memories, the log. Types
// only; gateway.ts makes one of it.
import type { Log } from "../src/lib/log.ts";
import type { Config } from "./config.ts";
import type { LockOut } from "./lock-out.ts";
import type { Metrics } from "./metrics.ts";
import type { Tenant, Tenants } from "./tenants.ts";
import type { VerdictCache } from "./verdict-cache.ts";
import type { WorkerClient } from "./worker-client.ts";

/** The gateway's world. */
export type World = {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly client: WorkerClient;
  readonly verdicts: VerdictCache;
  readonly lockOut: LockOut;
  /** Changes when the file does. */
  readonly tenants: () => Tenants;
};

/** Who signed in on a connection. */
export type Sender = {
  readonly tenant: Tenant;
  readonly credentialId: string;
  /** The largest message in bytes, by the credential and by the gateway. */
  readonly maxSize: number;
  /** Under which the Worker's verdict is remembered. */
  readonly verdictKey: string;
};
