// The SMTP gateway of `npm start`: on loopback, without a certificate, with AUTH in clear allowed, in this
// process. Any mail program of this machine can send through it.
import { join } from "node:path";
import { readConfig } from "../gateway/config.ts";
import { startGateway } from "../gateway/gateway.ts";
import { jsonLog } from "../gateway/log.ts";
import { writeWhole } from "./files.ts";
import { openLogFile } from "./log-file.ts";
import { LOOPBACK } from "./ports.ts";

/** How it is to be run. */
export type LocalGateway = {
  readonly port: number;
  /** Where the Worker is. */
  readonly workerUrl: string;
  /** What it says who it is with. */
  readonly secret: string;
  readonly stateDir: string;
};

/** All of a stop must fit into 5 s. */
const STOP_SECONDS = 1;

/** Starts it; answers how to stop it. */
export async function startLocalGateway(local: LocalGateway): Promise<() => Promise<void>> {
  const tenantsFile = join(local.stateDir, "tenants.json");
  const tenants = { "*": { worker_url: local.workerUrl, secret: local.secret } };
  await writeWhole(tenantsFile, `${JSON.stringify(tenants, null, 2)}\n`);
  const config = readConfig({
    HOST: LOOPBACK,
    SMTP_PORT: String(local.port),
    SERVER_NAME: "localhost",
    STATUS_PORT: "off",
    ALLOW_CLEARTEXT_AUTH: "true",
    STOP_SECONDS: String(STOP_SECONDS),
    TENANTS_FILE: tenantsFile,
  });
  const log = openLogFile(join(local.stateDir, "gateway.log"));
  const gateway = await startGateway(config, jsonLog(log.write));
  return async () => {
    await gateway.stop();
    log.close();
  };
}
